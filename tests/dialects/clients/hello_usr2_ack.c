/* Is let in with SIGUSR1. From then on SIGUSR2 is a bit taken and SIGUSR1 the end, which is an error if it comes early. */
// dialect: hello=yes,ack-signal=usr2,final=other
// bytes: 200
// auto: learned, the first of its program ends on the SIGUSR1 for its first bit
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_usr1;
static volatile sig_atomic_t g_usr2;

static void handler(int sig) {
    if (sig == SIGUSR1)
        g_usr1 = 1;
    else
        g_usr2 = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *text = argv[2];
    int is_last = 0;

    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    kill(server, SIGUSR1);
    while (!g_usr1)
        usleep(100);
    g_usr1 = 0;
    do {
        is_last = *text == '\0';
        for (int bit = 7; bit >= 0; bit--) {
            g_usr2 = 0;
            kill(server, *text >> bit & 1 ? SIGUSR2 : SIGUSR1);
            while (!g_usr2 && !g_usr1)
                usleep(100);
            if (g_usr1 && !(is_last && bit == 0)) {
                fprintf(stderr, "the server ended the transfer\n");
                return 1;
            }
        }
        text++;
    } while (!is_last);
    while (!g_usr1)
        usleep(100);
    return 0;
}
