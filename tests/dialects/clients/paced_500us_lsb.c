/* Sleeps 500 us between bits, least significant first, and sends the NUL as eight bits of its own. */
// dialect: order=lsb,ack=none,pace=500
// auto: yes, it has no handler
// bytes: 200
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELAY 500

static void die(const char *why) {
    fprintf(stderr, "client: %s\n", why);
    exit(1);
}

static void zero(pid_t pid) {
    if (kill(pid, SIGUSR1))
        die("cannot send");
    usleep(DELAY);
}

static void one(pid_t pid) {
    if (kill(pid, SIGUSR2))
        die("cannot send");
    usleep(DELAY);
}

int main(int argc, char **argv) {
    int i, j;
    pid_t pid;

    if (argc != 3)
        die("PID and message, please");
    pid = (pid_t)strtol(argv[1], NULL, 10);
    for (i = 0; argv[2][i]; i++) {
        for (j = 0; j < 8; j++) {
            if ((argv[2][i] >> j) % 2)
                one(pid);
            else
                zero(pid);
        }
    }
    for (j = 0; j < 8; j++)
        zero(pid);
    return 0;
}
