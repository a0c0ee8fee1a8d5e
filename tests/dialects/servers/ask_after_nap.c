/* Answers everything that its client sends with SIGUSR2, the first signal too, and everybody else with SIGUSR1. */
// dialect: hello=yes,hello-signal=usr2,ack-signal=usr2
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_signal(int sig, siginfo_t *info, void *context) {
    static pid_t client;
    static unsigned char c;
    static int bits;

    (void)context;
    if (client == 0) {
        client = info->si_pid;
    } else if (client != info->si_pid) {
        kill(info->si_pid, SIGUSR1);
        return;
    } else {
        c = c << 1 | (sig == SIGUSR2);
        if (++bits == 8) {
            write(1, c ? (char *)&c : "\n", 1);
            bits = 0;
            client = c ? client : 0;
        }
    }
    kill(info->si_pid, SIGUSR2);
}

int main(void) {
    struct sigaction action = {0};

    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
