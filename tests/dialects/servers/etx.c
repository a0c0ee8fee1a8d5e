/* A text ends with ETX, and what is before it is printed then. The buffer has a fixed size, which is checked, for once. */
// dialect: end=etx
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY 65536

static char g_buffer[CAPACITY];
static size_t g_used;

static void take(char c) {
    if (c == 3) {
        g_buffer[g_used++] = '\n';
        write(1, g_buffer, g_used);
        g_used = 0;
    } else if (g_used < CAPACITY - 1) {
        g_buffer[g_used++] = c;
    }
}

static void handler(int sig, siginfo_t *info, void *context) {
    static char c;
    static unsigned n;

    (void)context;
    c |= (sig == SIGUSR2) << (7 - n);
    n = (n + 1) % 8;
    if (n == 0) {
        take(c);
        c = 0;
    }
    if (kill(info->si_pid, SIGUSR1) == -1)
        n = 0;
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
