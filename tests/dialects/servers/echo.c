/* Sends each bit back as it came. A new client makes it forget what the last one left unfinished. */
// dialect: ack-signal=echo
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile pid_t g_client;

static void handler(int sig, siginfo_t *info, void *context) {
    static unsigned char c;
    static int bits;

    (void)context;
    if (info->si_pid != g_client) {
        g_client = info->si_pid;
        bits = 0;
    }
    c = c << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        if (c)
            write(1, &c, 1);
        bits = 0;
    }
    kill(g_client, sig);
}

int main(void) {
    struct sigaction sa = {0};

    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("My PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
