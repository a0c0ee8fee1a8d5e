/* Allocates as much as 32 bits of length say, in the handler, and prints when that is full. */
// dialect: head=len32,end=none
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned int g_length, g_have, g_bits;
static char *g_text;

static void finish(void) {
    write(1, g_text, g_length);
    free(g_text);
    g_text = NULL;
    g_length = g_have = g_bits = 0;
}

static void receive(int sig, siginfo_t *info, void *context) {
    int bit = sig == SIGUSR2 ? 1 : 0;

    (void)context;
    if (g_bits < 32) {
        g_length = g_length * 2 + bit;
        if (++g_bits == 32) {
            g_text = calloc(g_length + 1, 1);
            if (g_text == NULL)
                exit(1);
            if (g_length == 0)
                finish();
        }
    } else {
        g_text[g_have] = g_text[g_have] * 2 + bit;
        if (++g_bits % 8 == 0 && ++g_have == g_length)
            finish();
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa = {0};

    sa.sa_sigaction = receive;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
