/* SIGUSR1 for each bit, the last one too, and then SIGUSR2 for the message. */
// dialect: final=both
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int g_bit = 7;
static unsigned char g_char;

static void handler(int sig, siginfo_t *info, void *context) {
    int end = 0;

    (void)context;
    if (sig == SIGUSR2)
        g_char |= 1 << g_bit;
    if (g_bit-- == 0) {
        end = g_char == '\0';
        if (!end)
            write(1, &g_char, 1);
        g_bit = 7;
        g_char = 0;
    }
    kill(info->si_pid, SIGUSR1);
    if (end)
        kill(info->si_pid, SIGUSR2);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    if (sigaction(SIGUSR1, &sa, NULL) || sigaction(SIGUSR2, &sa, NULL))
        return 1;
    printf("Server PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
