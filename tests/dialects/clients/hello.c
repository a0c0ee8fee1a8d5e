/* Asks before it talks: SIGUSR1, and SIGUSR1 back is go on, SIGUSR2 is busy, try again in a second. */
// dialect: hello=yes
// auto: yes, the text comes one bit late
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t answer;

static void on_answer(int sig) {
    answer = sig;
}

static int ask(pid_t server, int sig) {
    answer = 0;
    if (kill(server, sig) != 0) {
        perror("client");
        exit(1);
    }
    while (!answer)
        usleep(50);
    return answer;
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3)
        return 1;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_answer;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    pid_t server = atoi(argv[1]);
    while (ask(server, SIGUSR1) == SIGUSR2) {
        fprintf(stderr, "busy\n");
        sleep(1);
    }
    char *s = argv[2];
    do {
        for (int bit = 7; bit >= 0; bit--)
            ask(server, *s & 1 << bit ? SIGUSR2 : SIGUSR1);
    } while (*s++);
    return 0;
}
