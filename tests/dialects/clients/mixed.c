/* Two authors: the length goes from its lowest bit up, the text from its highest bit down. Handles both signals in one handler
 * and prints from it. */
// dialect: head=len32,head-order=lsb,end=none
// auto: yes, what comes first is the length of what follows
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t waiting;

static void handler(int sig) {
    if (sig == SIGUSR2)
        printf("?\n");
    waiting = 0;
}

static void send(pid_t pid, int bit) {
    waiting = 1;
    kill(pid, bit ? SIGUSR2 : SIGUSR1);
    while (waiting)
        usleep(25);
}

static void send_length(pid_t pid, int length) {
    for (int i = 0; i < 32; i++)
        send(pid, length & (1u << i));
}

static void send_text(pid_t pid, const unsigned char *text) {
    for (; *text; text++)
        for (int mask = 128; mask; mask /= 2)
            send(pid, *text & mask);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    send_length(atoi(argv[1]), strlen(argv[2]));
    send_text(atoi(argv[1]), (unsigned char *)argv[2]);
    return 0;
}
