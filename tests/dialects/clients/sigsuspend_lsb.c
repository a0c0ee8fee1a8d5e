/* The waiting done right: the signals are blocked but for the sigsuspend() that waits for them. Shifts each byte to the
 * right, so the least significant bit comes first. */
// dialect: order=lsb
// auto: yes, in text the bit that is 0 in most bytes is the last of eight
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t answered;

static void on_answer(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)info;
    (void)context;
    answered = 1;
}

static void send_bit(pid_t server, int bit) {
    sigset_t open;

    sigfillset(&open);
    sigdelset(&open, SIGUSR1);
    sigdelset(&open, SIGUSR2);
    sigdelset(&open, SIGINT);
    answered = 0;
    if (kill(server, bit ? SIGUSR2 : SIGUSR1) == -1) {
        perror("kill");
        exit(EXIT_FAILURE);
    }
    while (!answered)
        sigsuspend(&open);
}

int main(int argc, char **argv) {
    struct sigaction action;
    sigset_t blocked;

    if (argc != 3)
        return EXIT_FAILURE;
    memset(&action, 0, sizeof(action));
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    action.sa_sigaction = on_answer;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    size_t length = strlen(argv[2]) + 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = argv[2][i];
        for (int n = 0; n < 8; n++, byte >>= 1)
            send_bit(atoi(argv[1]), byte & 1);
    }
    return EXIT_SUCCESS;
}
