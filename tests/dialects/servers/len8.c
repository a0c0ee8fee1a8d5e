/* The first byte is the length. */
// dialect: head=len8,end=none
// bytes: 255
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char byte;
    static int bits, left;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        bits = 0;
        if (left == 0) {
            left = byte;
        } else {
            write(1, &byte, 1);
            left--;
        }
        if (left == 0)
            write(1, "\n", 1);
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
