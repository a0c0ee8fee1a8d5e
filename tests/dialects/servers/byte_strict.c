/* SIGUSR2 for each byte and SIGUSR1 for the NUL, from the handler that has printed it. */
// dialect: ack=byte,ack-signal=usr2,final=other,pace=3000
// newline: yes
// bytes: 40
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static char c;
    static int bits;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++bits % 8)
        return;
    write(1, c ? &c : "\n", 1);
    kill(info->si_pid, c ? SIGUSR2 : SIGUSR1);
}

int main(void) {
    struct sigaction action = {0};

    action.sa_sigaction = on_bit;
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
