/* Each character comes as an int, the lowest bit first. */
// dialect: order=lsb,char-bits=32
// bytes: 60
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned n, i;

    (void)context;
    if (sig == SIGUSR2)
        n |= 1u << i;
    if (++i == 32) {
        unsigned char c = n;
        write(1, n ? (char *)&c : "\n", 1);
        n = i = 0;
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
