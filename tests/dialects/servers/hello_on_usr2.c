/* One client at a time: each knocks with SIGUSR2 and is let in with SIGUSR2, or told that there is another with SIGUSR1. A
 * client that is no more does not count. */
// dialect: hello=yes,hello-signal=usr2
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    pid_t client;
    int bits;
    char byte;
} server_t;

static server_t server;

static void greet(pid_t pid, int sig) {
    if (sig != SIGUSR2)
        return;
    memset(&server, 0, sizeof server);
    server.client = pid;
    kill(pid, SIGUSR2);
}

static void handler(int sig, siginfo_t *info, void *context) {
    pid_t pid = info->si_pid;

    (void)context;
    if (server.client == 0) {
        greet(pid, sig);
        return;
    }
    if (pid != server.client) {
        if (kill(server.client, 0) == 0)
            kill(pid, SIGUSR1);
        else
            greet(pid, sig);
        return;
    }
    server.byte = server.byte << 1 | (sig == SIGUSR2);
    if (++server.bits % 8 == 0) {
        write(1, server.byte ? &server.byte : "\n", 1);
        if (server.byte == '\0')
            server.client = 0;
    }
    kill(pid, SIGUSR1);
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
    printf("ready: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
