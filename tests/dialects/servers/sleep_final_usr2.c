/* Prints each character as it comes, and says with SIGUSR2 that it has printed the last one. */
// dialect: order=lsb,ack=message,ack-signal=usr2,pace=500
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned char character;
    static int count;

    (void)context;
    character |= (sig == SIGUSR2) << count;
    if (++count < 8)
        return;
    if (character)
        write(1, &character, 1);
    else
        kill(info->si_pid, SIGUSR2);
    count = 0;
    character = 0;
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    printf("%d\n", getpid());
    fflush(stdout);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    while (1)
        pause();
}
