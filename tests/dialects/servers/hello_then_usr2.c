/* Handles SIGUSR1 alone until it is asked for admission by it, and both until the end of a text, which SIGUSR2 and SIGUSR1 acknowledge. */
// dialect: hello=yes,final=both
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static char g_text[4096];
static int g_length, g_bits;
static unsigned char g_byte;

static void on_hello(int sig, siginfo_t *info, void *context);

static void handle(int sig, void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = handler ? SA_SIGINFO : 0;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(sig, &action, NULL);
}

static void on_bit(int sig, siginfo_t *info, void *context) {
    (void)context;
    g_byte = (unsigned char)(g_byte << 1 | (sig == SIGUSR2));
    if (++g_bits == 8) {
        g_bits = 0;
        if (g_byte == 0) {
            write(1, g_text, (size_t)g_length);
            write(1, "\n", 1);
            g_length = 0;
            handle(SIGUSR1, on_hello);
            kill(info->si_pid, SIGUSR2);
        } else if (g_length < (int)sizeof g_text) {
            g_text[g_length++] = (char)g_byte;
        }
        g_byte = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

static void on_hello(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)context;
    handle(SIGUSR1, on_bit);
    handle(SIGUSR2, on_bit);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    handle(SIGUSR1, on_hello);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
