/* The client of server.c: a bit, and then sigsuspend until it is acknowledged. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

static volatile sig_atomic_t acknowledged;

static void on_signal(int sig) {
    (void)sig;
    acknowledged = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    pid_t server = atoi(argv[1]);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    sigset_t blocked, open;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &open);
    const char *text = argv[2];
    do {
        for (int i = 7; i >= 0; i--) {
            acknowledged = 0;
            if (kill(server, *text >> i & 1 ? SIGUSR2 : SIGUSR1) != 0)
                return 1;
            while (!acknowledged)
                sigsuspend(&open);
        }
    } while (*text++);
    return 0;
}
