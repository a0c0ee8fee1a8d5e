/* Answers each bit with the other signal. A new client makes it forget what the last one left unfinished. */
// dialect: ack-signal=inverse
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static pid_t g_client;

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char c;
    static int bits;

    (void)context;
    if (info->si_pid != g_client)
        bits = 0;
    g_client = info->si_pid;
    c = c << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        if (c)
            write(1, &c, 1);
        bits = 0;
    }
    kill(g_client, sig == SIGUSR1 ? SIGUSR2 : SIGUSR1);
}

int main(void) {
    struct sigaction sa = {0};

    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
