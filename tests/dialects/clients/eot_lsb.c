/* Ends with what ^D sends, EOT, and goes from the least significant bit. */
// dialect: order=lsb,end=eot
// auto: yes, after EOT it ends
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_pending;

static void done(int sig) {
    (void)sig;
    g_pending = 0;
}

static int send_byte(pid_t pid, unsigned char byte) {
    for (int i = 0; i != 8; ++i) {
        g_pending = 1;
        if (kill(pid, byte & 1u << i ? SIGUSR2 : SIGUSR1))
            return -1;
        while (g_pending)
            usleep(50);
    }
    return 0;
}

int main(int argc, char **argv) {
    static const char end[] = "\x04";

    if (argc != 3) {
        fprintf(stderr, "%s PID MESSAGE\n", argv[0]);
        return 2;
    }
    signal(SIGUSR1, done);
    signal(SIGUSR2, SIG_IGN);
    const char *parts[] = {argv[2], end};
    for (int part = 0; part < 2; part++)
        for (const char *c = parts[part]; *c; c++)
            if (send_byte(atoi(argv[1]), *c)) {
                fprintf(stderr, "%s\n", strerror(errno));
                return 1;
            }
    return 0;
}
