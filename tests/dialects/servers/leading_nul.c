/* A NUL begins a text, and the next one ends it. */
// dialect: head=nul
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char byte;
    static int bits, is_open;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        bits = 0;
        if (byte != 0)
            write(1, &byte, 1);
        else if (is_open)
            write(1, "\n", 1);
        is_open = byte != 0 || !is_open;
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
    printf("pid = %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
