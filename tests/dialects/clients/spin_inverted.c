/* SIGUSR1 is the 1, as its number suggests. Waits by burning a CPU. */
// dialect: one=usr1
// auto: yes, in text the first bit of most bytes is the same signal, and that is a 0
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int g_go;

static void go(int sig) {
    (void)sig;
    g_go = 1;
}

static int send_bit(pid_t pid, int bit) {
    g_go = 0;
    if (bit)
        return kill(pid, SIGUSR1);
    return kill(pid, SIGUSR2);
}

static void send_char(pid_t pid, char c) {
    int i;

    for (i = 7; i >= 0; i--) {
        if (send_bit(pid, (c >> i) & 1) == -1)
            exit(1);
        while (!g_go)
            ;
    }
}

int main(int argc, char **argv) {
    pid_t pid;
    char *s;

    if (argc != 3 || (pid = atoi(argv[1])) <= 0)
        return 1;
    signal(SIGUSR1, go);
    for (s = argv[2]; *s; s++)
        send_char(pid, *s);
    send_char(pid, *s);
    return 0;
}
