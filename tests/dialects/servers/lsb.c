/* Builds each character from its least significant bit, and prints from the handler with printf(). */
// dialect: order=lsb
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void sig_handler(int sig, siginfo_t *info, void *context) {
    static unsigned char c = 0;
    static int i = 0;

    (void)context;
    c |= (sig == SIGUSR2) << i;
    i++;
    if (i == 8) {
        if (c) {
            printf("%c", c);
            fflush(stdout);
        }
        c = 0;
        i = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sa.sa_sigaction = sig_handler;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("Server PID [%d]\n", getpid());
    fflush(stdout);
    while (1)
        pause();
    return 0;
}
