/* Prints each character until one is EOF. */
// dialect: end=0xff
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static char c;
    static int count;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++count == 8) {
        count = 0;
        if (c != (char)EOF)
            write(1, &c, 1);
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
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
