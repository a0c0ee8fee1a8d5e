/* The server as most write it: a handler with siginfo that gathers eight bits, writes the character and acknowledges. */
// dialect: classic
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void handler(int sig, siginfo_t *info, void *context) {
    static int bits;
    static unsigned char c;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        if (c == '\0')
            write(1, "\n", 1);
        else
            write(1, &c, 1);
        bits = 0;
        c = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
