/* Acknowledges each character when it is printed, not the bits that it is made of. */
// dialect: ack=byte
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handler(int sig, siginfo_t *info, void *context) {
    static int i;
    static char c;

    (void)context;
    c <<= 1;
    if (sig == SIGUSR2)
        c |= 1;
    i++;
    if (i == 8) {
        if (c == '\0')
            printf("\n");
        else
            printf("%c", c);
        fflush(stdout);
        i = 0;
        c = 0;
        kill(info->si_pid, SIGUSR1);
    }
}

int main(void) {
    struct sigaction sa;

    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sigfillset(&sa.sa_mask);
    sigdelset(&sa.sa_mask, SIGINT);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
