/* Gives the client time to fall asleep before it answers, since the client would not wake up from a pause() too late. */
// dialect: classic
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void handler(int sig, siginfo_t *info, void *context) {
    static unsigned char c;
    static int bits;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        if (c)
            write(1, &c, 1);
        bits = 0;
        c = 0;
    }
    usleep(100);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
