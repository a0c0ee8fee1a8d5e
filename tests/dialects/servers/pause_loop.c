/* Acknowledges outside its handler, prints, and only then waits: what comes before the wait stays unseen until the next signal. */
// dialect: classic
// lossy: yes
#include <signal.h>
#include <stdio.h>
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
    int bits = 0, byte = 0;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;) {
        pause();
        byte = byte * 2 + (last_signal == SIGUSR2);
        kill(last_sender, SIGUSR1);
        if (++bits == 8) {
            if (byte != 0)
                putchar(byte);
            fflush(stdout);
            bits = byte = 0;
        }
    }
}
