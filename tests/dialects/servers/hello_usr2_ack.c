/* Lets one client in with SIGUSR1. Then SIGUSR2 is a bit taken, and SIGUSR1 the last one. */
// dialect: hello=yes,ack-signal=usr2,final=other
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pid_t g_client;
static int g_bits;
static char g_byte;

static void handler(int sig, siginfo_t *info, void *context) {
    (void)context;
    if (!g_client) {
        if (sig != SIGUSR1)
            return;
        g_client = info->si_pid;
        g_bits = 0;
        kill(g_client, SIGUSR1);
        return;
    }
    if (info->si_pid != g_client)
        return;
    g_byte = g_byte << 1 | (sig == SIGUSR2);
    if (++g_bits % 8) {
        kill(g_client, SIGUSR2);
        return;
    }
    write(1, g_byte ? &g_byte : "\n", 1);
    if (g_byte) {
        kill(g_client, SIGUSR2);
        return;
    }
    pid_t client = g_client;
    g_client = 0;
    kill(client, SIGUSR1);
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
    printf("server %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
