/* Nine bits a character: eight and their parity, which it compares. Answers each, with SIGUSR2 if a character is wrong. */
// dialect: parity=odd,ack=byte
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static int bits, value, ones;
    unsigned char byte;

    (void)context;
    value = value << 1 | (sig == SIGUSR2);
    ones += sig == SIGUSR2;
    if (++bits < 9)
        return;
    byte = value >> 1;
    if (ones % 2 == 1 && byte != '\0')
        write(1, &byte, 1);
    kill(info->si_pid, ones % 2 == 1 ? SIGUSR1 : SIGUSR2);
    bits = value = ones = 0;
}

int main(void) {
    struct sigaction action = {0};

    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_bit;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
