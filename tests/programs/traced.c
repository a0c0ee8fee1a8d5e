/* A server that prints a line for each signal, and each text twice: in a line of its own, and after the last text. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static char g_text[1 << 20];

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned int length, bits;

    (void)context;
    printf("bit %u of character %u is %d\n", bits, length, sig == SIGUSR2);
    g_text[length] = g_text[length] << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        bits = 0;
        if (g_text[length++] == '\0') {
            printf("received: [%s]\n%s", g_text, g_text);
            while (length > 0)
                g_text[--length] = 0;
        }
    }
    fflush(stdout);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_bit, .sa_flags = SA_SIGINFO};

    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("PID %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
