/* SIGUSR1 for each character, so that the client can count them, and SIGUSR2 for the end of the text. */
// dialect: ack=byte,final=other
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void action(int sig, siginfo_t *info, void *context) {
    static int i;
    static pid_t client;
    static unsigned char c;

    (void)context;
    if (info->si_pid)
        client = info->si_pid;
    c |= sig == SIGUSR2;
    if (++i < 8) {
        c <<= 1;
        return;
    }
    i = 0;
    if (c == 0) {
        write(1, "\n", 1);
        kill(client, SIGUSR2);
        return;
    }
    write(1, &c, 1);
    c = 0;
    kill(client, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = action;
    sa.sa_flags = SA_SIGINFO;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    printf("Server PID: %d\n", getpid());
    fflush(stdout);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    while (1)
        sleep(1);
}
