/* Length, NUL, text, NUL: a state for each, in an array of functions. */
// dialect: head=len32,head-nul=yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int g_state, g_bits, g_length, g_have;
static unsigned char g_byte;
static char *g_text;

static void in_length(int bit) {
    g_length = g_length << 1 | bit;
    if (++g_bits == 32) {
        g_text = malloc(g_length + 1);
        g_bits = 0;
        g_state++;
    }
}

static void in_head_nul(int bit) {
    (void)bit;
    if (++g_bits == 8) {
        g_bits = 0;
        g_state++;
    }
}

static void in_text(int bit) {
    g_byte = g_byte << 1 | bit;
    if (++g_bits < 8)
        return;
    g_bits = 0;
    g_text[g_have++] = g_byte;
    if (g_byte != 0)
        return;
    printf("%s", g_text);
    fflush(stdout);
    free(g_text);
    g_state = g_length = g_have = 0;
}

static void handler(int sig, siginfo_t *info, void *context) {
    static void (*const states[])(int) = {in_length, in_head_nul, in_text};

    (void)context;
    states[g_state](sig == SIGUSR2);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa = {.sa_flags = SA_SIGINFO, .sa_sigaction = handler};

    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
