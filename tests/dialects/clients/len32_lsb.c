/* Everything from the least significant bit: an int with the size of the string, its NUL included, then the string. */
// dialect: order=lsb,head=len32,counts-end=yes
// auto: yes, what comes first is the length of what follows, the NUL included
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_received = 1;

static void sig_handler(int signo, siginfo_t *info, void *ctx) {
    (void)info;
    (void)ctx;
    if (signo == SIGUSR1)
        g_received = 1;
}

static void send_lsb(pid_t pid, int value, int bits) {
    for (int i = 0; i < bits; i++) {
        g_received = 0;
        kill(pid, (value >> i) & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_received)
            usleep(42);
    }
}

int main(int argc, char **argv) {
    struct sigaction act;
    pid_t pid;
    int size;

    if (argc != 3)
        exit(1);
    pid = atoi(argv[1]);
    act.sa_sigaction = sig_handler;
    act.sa_flags = SA_SIGINFO;
    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    size = strlen(argv[2]) + 1;
    send_lsb(pid, size, 32);
    for (int i = 0; i < size; i++)
        send_lsb(pid, argv[2][i], 8);
    exit(0);
}
