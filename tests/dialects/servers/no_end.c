/* Prints each character as it comes and knows of no end; acknowledges nothing. */
// dialect: end=none,ack=none
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handler(int sig) {
    static unsigned char byte;
    static int bits;

    byte = byte << 1 | (sig == SIGUSR2);
    if (++bits == 8) {
        write(1, &byte, 1);
        bits = 0;
    }
}

int main(void) {
    struct sigaction action = {0};

    action.sa_handler = handler;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
