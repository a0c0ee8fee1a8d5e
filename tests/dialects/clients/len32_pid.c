/* Sends two ints before the text: the length first, so that the server can allocate, and then its own PID. */
// dialect: head=len32-pid,end=none
// auto: yes, the PID is the one that the kernel states
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_next;

static void next(int sig) {
    (void)sig;
    g_next = 1;
}

static void send_bits(pid_t pid, unsigned value, int count) {
    while (count-- > 0) {
        g_next = 0;
        kill(pid, value >> count & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_next)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    unsigned length = strlen(argv[2]);
    signal(SIGUSR1, next);
    send_bits(pid, length, 32);
    send_bits(pid, getpid(), 32);
    for (unsigned i = 0; i < length; i++)
        send_bits(pid, (unsigned char)argv[2][i], 8);
    return 0;
}
