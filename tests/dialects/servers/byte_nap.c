/* Takes the bits in its handler and the bytes in its loop, which prints and acknowledges each. There is no end to a text. */
// dialect: end=none,ack=byte,pace=4000
// bytes: 30
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t g_bits;
static volatile sig_atomic_t g_byte;
static volatile sig_atomic_t g_client;

static void on_signal(int sig, siginfo_t *info, void *context) {
    (void)context;
    g_byte = g_byte << 1 | (sig == SIGUSR2);
    g_client = info->si_pid;
    g_bits++;
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
    for (;;) {
        usleep(300);
        if (g_bits < 8)
            continue;
        char c = g_byte;
        g_bits = g_byte = 0;
        write(1, &c, 1);
        kill(g_client, SIGUSR1);
    }
}
