/* Handles both signals, says so on each, and never ends: it waits for a word from the server that the exercise does not ask
 * for, and a user ends it with ^C. */
// dialect: classic
// auto: yes, either signal will do and the text is plain
// exits: no
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void on_ack(int sig) {
    received = 1;
    if (sig == SIGUSR2) {
        printf("the server has it\n");
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    struct sigaction sa;

    if (argc != 3) {
        printf("usage: %s PID MESSAGE\n", argv[0]);
        return 1;
    }
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_ack;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    pid_t server = atoi(argv[1]);
    for (size_t i = 0; i <= strlen(argv[2]); i++) {
        for (int mask = 128; mask > 0; mask /= 2) {
            received = 0;
            kill(server, argv[2][i] & mask ? SIGUSR2 : SIGUSR1);
            while (!received)
                usleep(1000);
        }
    }
    while (1)
        pause();
}
