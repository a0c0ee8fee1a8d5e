/* Answers each bit but the last of the NUL: there it prints, and is done. */
// dialect: final=none
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void handler(int sig, siginfo_t *info, void *context) {
    static unsigned char c;
    static int bit;

    (void)context;
    c = c << 1 | (sig == SIGUSR2);
    if (++bit == 8) {
        unsigned char whole = c;
        bit = 0;
        c = 0;
        if (whole == 0) {
            write(1, "\n", 1);
            return;
        }
        write(1, &whole, 1);
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
