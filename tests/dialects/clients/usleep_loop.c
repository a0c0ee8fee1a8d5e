/* The client as most write it: signal(), a global flag, and a loop of short sleeps that looks at it. */
// dialect: classic
// auto: yes, plain
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

volatile sig_atomic_t g_ack;

void handler(int sig) {
    (void)sig;
    g_ack = 1;
}

void send_char(int pid, char c) {
    int i = 7;

    while (i >= 0) {
        g_ack = 0;
        if (c >> i & 1)
            kill(pid, SIGUSR2);
        else
            kill(pid, SIGUSR1);
        while (!g_ack)
            usleep(50);
        i--;
    }
}

int main(int argc, char **argv) {
    int pid;
    int i = 0;

    if (argc != 3)
        return 1;
    pid = atoi(argv[1]);
    signal(SIGUSR1, handler);
    while (argv[2][i])
        send_char(pid, argv[2][i++]);
    send_char(pid, 0);
    return 0;
}
