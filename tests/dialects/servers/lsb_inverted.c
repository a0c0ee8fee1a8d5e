/* One handler for each signal, one of which adds a 1 at the top of a byte that is shifted down: SIGUSR1. */
// dialect: order=lsb,one=usr1
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static unsigned char byte;
static int bits;

static void next(pid_t client) {
    if (++bits == 8) {
        if (byte != 0)
            write(STDOUT_FILENO, &byte, 1);
        bits = 0;
        byte = 0;
    }
    kill(client, SIGUSR1);
}

static void one(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)context;
    byte = byte >> 1 | 128;
    next(info->si_pid);
}

static void zero(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)context;
    byte = byte >> 1;
    next(info->si_pid);
}

int main(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = one;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_sigaction = zero;
    sigaction(SIGUSR2, &action, NULL);
    dprintf(STDOUT_FILENO, "server's PID: %d\n", getpid());
    for (;;)
        pause();
}
