/* Bits go at a pace. Counts a SIGUSR1 for each character that was taken, waits for none of them, and ends on SIGUSR2 with the
 * count. */
// dialect: ack=message,final=other,pace=300
// auto: yes, it goes on without an answer
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void action(int sig) {
    static int received;

    if (sig == SIGUSR1) {
        received++;
    } else {
        printf("Received: %d\n", received);
        exit(0);
    }
}

static void send_text(pid_t pid, char *text) {
    int i;
    char c;

    while (*text) {
        i = 8;
        c = *text++;
        while (i--) {
            kill(pid, c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(300);
        }
    }
    i = 8;
    while (i--) {
        kill(pid, SIGUSR1);
        usleep(300);
    }
}

int main(int argc, char **argv) {
    if (argc != 3 || !*argv[1])
        return 1;
    printf("Sent: %zu\n", strlen(argv[2]));
    fflush(stdout);
    signal(SIGUSR1, action);
    signal(SIGUSR2, action);
    send_text(atoi(argv[1]), argv[2]);
    while (1)
        pause();
}
