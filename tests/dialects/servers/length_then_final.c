/* Acknowledges the length of 32 bits once with SIGUSR1, and then nothing but the whole text, with SIGUSR2. */
// dialect: head=len32,end=none,ack=message,ack-head=last,final=other
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned int g_length, g_bits;
static char *g_text;

static void on_bit(int sig, siginfo_t *info, void *context) {
    (void)context;
    if (g_bits < 32) {
        g_length = g_length << 1 | (sig == SIGUSR2);
        if (++g_bits < 32)
            return;
        g_text = calloc(g_length + 1, 1);
        if (g_text == NULL)
            _exit(1);
        if (g_length > 0) {
            kill(info->si_pid, SIGUSR1);
            return;
        }
    } else {
        g_text[(g_bits - 32) / 8] |= (sig == SIGUSR2) << (7 - g_bits % 8);
        if (++g_bits < 32 + 8 * g_length)
            return;
        write(1, g_text, g_length);
    }
    free(g_text);
    g_length = g_bits = 0;
    kill(info->si_pid, SIGUSR2);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
