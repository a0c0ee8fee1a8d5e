/* Reads the length, the PID of the client, which it answers, and the text into memory of that size. */
// dialect: head=len32-pid,end=none,ack=message
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned g_length;
static unsigned g_client;
static unsigned g_bits;
static char *g_text;

static void on_bit(int sig) {
    unsigned bit = sig == SIGUSR2;

    if (g_bits < 32) {
        g_length = g_length << 1 | bit;
    } else if (g_bits < 64) {
        g_client = g_client << 1 | bit;
    } else {
        unsigned at = g_bits - 64;
        g_text[at / 8] = g_text[at / 8] << 1 | bit;
    }
    g_bits++;
    if (g_bits == 64)
        g_text = calloc(g_length + 1, 1);
    if (g_bits >= 64 && g_bits - 64 == 8 * g_length) {
        g_text[g_length] = '\n';
        write(1, g_text, g_length + 1);
        free(g_text);
        kill(g_client, SIGUSR1);
        g_length = g_client = g_bits = 0;
    }
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_bit;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
