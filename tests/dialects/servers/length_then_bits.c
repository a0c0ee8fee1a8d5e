/* Only counts while the length comes, allocates, and acknowledges each bit of the text. */
// dialect: head=len32,end=none,ack-head=no
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned int g_length, g_bits;
static char *g_text;

static void on_bit(int sig, siginfo_t *info, void *context) {
    int bit = sig == SIGUSR2;

    (void)context;
    if (g_bits < 32) {
        g_length = g_length << 1 | bit;
        if (++g_bits == 32) {
            g_text = calloc(g_length + 1, 1);
            if (g_length == 0 || g_text == NULL)
                g_bits = 0;
        }
        return;
    }
    g_text[(g_bits - 32) / 8] |= bit << (7 - g_bits % 8);
    if (++g_bits == 32 + 8 * g_length) {
        write(1, g_text, g_length);
        free(g_text);
        g_length = g_bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
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
