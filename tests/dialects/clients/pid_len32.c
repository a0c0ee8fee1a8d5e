/* Sends two ints with one function before the text: its own PID and the length. Each bit is answered. */
// dialect: order=lsb,head=pid-len32,end=none
// auto: yes, the PID is right, and after as many bytes as the length says it ends
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send(pid_t server, unsigned value, int bits) {
    for (; bits--; value >>= 1) {
        g_taken = 0;
        kill(server, value & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_taken)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    pid_t server = atoi(argv[1]);
    send(server, getpid(), 32);
    send(server, strlen(argv[2]), 32);
    for (char *c = argv[2]; *c; c++)
        send(server, (unsigned char)*c, 8);
    return 0;
}
