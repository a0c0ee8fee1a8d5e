/* A server that prints each byte of a text, also the NUL at its end. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static unsigned int bits;
    static unsigned char byte;

    (void)context;
    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits % 8 == 0)
        write(1, &byte, 1);
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_bit, .sa_flags = SA_SIGINFO};

    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
