/* Asks with SIGUSR2 and waits for SIGUSR2, as after each bit. SIGUSR1 means that the server is busy, and ends it. */
// dialect: hello=yes,hello-signal=usr2,ack-signal=usr2
// auto: learned, the first of its program ends on SIGUSR1
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_go;

static void go(int sig) {
    (void)sig;
    g_go = 1;
}

static void busy(int sig) {
    (void)sig;
    write(2, "busy\n", 5);
    _exit(2);
}

static void talk(pid_t server, int sig) {
    g_go = 0;
    if (kill(server, sig) < 0)
        exit(1);
    while (!g_go)
        usleep(40);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, busy);
    signal(SIGUSR2, go);
    talk(server, SIGUSR2);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--)
            talk(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
        if (*c == '\0')
            return 0;
    }
}
