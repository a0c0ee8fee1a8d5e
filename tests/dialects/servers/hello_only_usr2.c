/* The first signal of a client starts a text. The answer to that and to each bit is SIGUSR2. */
// dialect: hello=yes,ack-signal=usr2
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_signal(int sig, siginfo_t *info, void *context) {
    static int is_started;
    static int count;
    static char byte;

    (void)context;
    if (!is_started) {
        is_started = 1;
    } else {
        byte = byte << 1 | (sig == SIGUSR2);
        if (++count == 8) {
            write(1, byte ? &byte : "\n", 1);
            is_started = byte != '\0';
            count = byte = 0;
        }
    }
    kill(info->si_pid, SIGUSR2);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_signal;
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
