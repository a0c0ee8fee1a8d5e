/* A handler without siginfo_t: the client sends its PID ahead of the text, and is told when all of it has been printed. */
// dialect: head=pid,ack=message
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void receive(int sig) {
    static unsigned int client, bits, c;
    int bit = sig == SIGUSR2;

    if (bits < 32) {
        client = client << 1 | bit;
        bits++;
        return;
    }
    c = c << 1 | bit;
    if (++bits % 8 != 0)
        return;
    if (c != 0) {
        putchar(c);
    } else {
        putchar('\n');
        fflush(stdout);
        if (client > 1)
            kill(client, SIGUSR1);
        client = bits = 0;
    }
    c = 0;
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = receive;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
