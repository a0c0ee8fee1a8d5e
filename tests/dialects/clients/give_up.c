/* Sets an alarm for each bit, and gives up when the server has not answered before it rings. */
// dialect: wait=2000
// auto: yes, plain, unless a server keeps it waiting
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_waiting;

static void on_signal(int sig) {
    if (sig == SIGALRM) {
        printf("Error: the server does not answer\n");
        exit(1);
    }
    g_waiting = 0;
}

static void send_byte(pid_t pid, unsigned char byte) {
    unsigned char mask;

    for (mask = 0x80; mask; mask >>= 1) {
        g_waiting = 1;
        alarm(2);
        if (kill(pid, byte & mask ? SIGUSR2 : SIGUSR1) < 0) {
            fprintf(stderr, "Error: no such server\n");
            exit(1);
        }
        while (g_waiting)
            usleep(200);
    }
}

int main(int argc, char **argv) {
    size_t i, length;

    if (argc != 3) {
        fprintf(stderr, "Error: wrong number of arguments\n");
        return 1;
    }
    signal(SIGUSR1, on_signal);
    signal(SIGALRM, on_signal);
    length = strlen(argv[2]);
    for (i = 0; i < length; i++)
        send_byte(atoi(argv[1]), argv[2][i]);
    send_byte(atoi(argv[1]), '\0');
    return 0;
}
