/* Knocks with SIGUSR1, and SIGUSR2 is the answer to all, the knock too; only the word that the text is there is SIGUSR1. */
// dialect: hello=yes,ack-signal=usr2,final=both
// given: no, it says of either signal that it lets the client in
// auto: yes, a first signal that no text begins with
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;
static volatile sig_atomic_t g_done;

static void handler(int sig) {
    if (sig == SIGUSR2)
        g_taken = 1;
    else
        g_done = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    kill(server, SIGUSR1);
    for (int naps = 0; naps < 20 && !g_taken; naps++)
        usleep(100000);
    if (!g_taken) {
        fprintf(stderr, "the server is not ready\n");
        return 1;
    }
    for (char *c = argv[2];; c++) {
        for (int bit = 7; bit >= 0; bit--) {
            g_taken = 0;
            kill(server, *c >> bit & 1 ? SIGUSR2 : SIGUSR1);
            while (!g_taken)
                usleep(50);
        }
        if (*c == '\0')
            break;
    }
    while (!g_done)
        usleep(50);
    return 0;
}
