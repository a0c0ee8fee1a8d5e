/* Means to send the length in 64 bits, but shifts an int: on most processors the 32 bits of it come twice. */
// dialect: order=lsb,one=usr1,head=len64
// auto: yes, the same number twice is one number
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_answered;

static void answered(int sig) {
    g_answered = sig;
}

static void send(pid_t server, size_t value, int bits) {
    for (int i = 0; i < bits; i++) {
        g_answered = 0;
        kill(server, value & 1u << i % 32 ? SIGUSR1 : SIGUSR2);
        while (!g_answered)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, answered);
    pid_t server = atoi(argv[1]);
    send(server, strlen(argv[2]), 64);
    char *c = argv[2];
    do
        send(server, (unsigned char)*c, 8);
    while (*c++);
    return 0;
}
