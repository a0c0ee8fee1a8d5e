/* Says SIGUSR2 to the first client that asks, and SIGUSR1 to all others until its text is over. Acknowledges nothing else. */
// dialect: hello=yes,hello-signal=usr2,ack=none,pace=1000
// newline: yes
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static pid_t g_client;

static void on_signal(int sig, siginfo_t *info, void *context) {
    static unsigned char c;
    static int bits;

    (void)context;
    if (g_client == 0 && sig == SIGUSR2) {
        g_client = info->si_pid;
        kill(g_client, SIGUSR2);
    } else if (info->si_pid != g_client) {
        kill(info->si_pid, SIGUSR1);
    } else {
        c = c << 1 | (sig == SIGUSR2);
        if (++bits < 8)
            return;
        write(1, c ? (char *)&c : "\n", 1);
        if (c == 0)
            g_client = 0;
        c = bits = 0;
    }
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
