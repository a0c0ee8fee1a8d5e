/* Acknowledges each bit with SIGUSR1, and the last of a byte with SIGUSR2 as well. */
// dialect: ack-byte=both
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char byte;
    static int count;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    kill(info->si_pid, SIGUSR1);
    if (++count == 8) {
        write(1, byte ? (char *)&byte : "\n", 1);
        count = 0;
        kill(info->si_pid, SIGUSR2);
    }
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
