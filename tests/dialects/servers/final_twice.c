/* SIGUSR1 for each bit, and once more for the message. The sleep between is there because without it the client saw one. */
// dialect: final=twice
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static int count, c;
    int end = 0;

    (void)context;
    c = (c << 1) + (sig == SIGUSR2);
    if (++count == 8) {
        end = c == 0;
        putchar(end ? '\n' : c);
        fflush(stdout);
        count = 0;
        c = 0;
    }
    kill(info->si_pid, SIGUSR1);
    if (end) {
        usleep(2000);
        kill(info->si_pid, SIGUSR1);
    }
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bit;
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
