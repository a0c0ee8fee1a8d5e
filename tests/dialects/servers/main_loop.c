/* Does the work outside the handler, which keeps the last signal only; the acknowledgement holds the next one back. Begins
 * anew when another client comes. */
// dialect: classic
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t last_signal;
static volatile sig_atomic_t last_sender;

static void note(int sig, siginfo_t *info, void *context) {
    (void)context;
    last_signal = sig;
    last_sender = info->si_pid;
}

int main(void) {
    struct sigaction action;
    sigset_t ours, before;
    pid_t client = 0;
    int bits = 0, byte = 0;

    sigemptyset(&ours);
    sigaddset(&ours, SIGUSR1);
    sigaddset(&ours, SIGUSR2);
    sigprocmask(SIG_BLOCK, &ours, &before);
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    action.sa_mask = ours;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;) {
        last_signal = 0;
        while (last_signal == 0)
            sigsuspend(&before);
        if (last_sender != client) {
            client = last_sender;
            bits = byte = 0;
        }
        byte = byte * 2 + (last_signal == SIGUSR2);
        if (++bits == 8) {
            if (byte != 0)
                putchar(byte);
            fflush(stdout);
            bits = byte = 0;
        }
        if (kill(client, SIGUSR1) == -1)
            client = 0;
    }
}
