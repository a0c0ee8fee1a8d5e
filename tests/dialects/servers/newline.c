/* Collects a line and prints it with its newline. */
// dialect: end=0x0a
// bytes: 60
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char g_line[4096];
static size_t g_length;

static void on_bit(int sig, siginfo_t *info, void *context) {
    static char c;
    static int count;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++count == 8) {
        g_line[g_length++] = c;
        if (c == '\n' || g_length == sizeof g_line) {
            write(1, g_line, g_length);
            g_length = 0;
        }
        count = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigfillset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("pid: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
