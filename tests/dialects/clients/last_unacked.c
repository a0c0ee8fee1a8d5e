/* Every bit but the last is answered: the server prints instead, and the client does not wait for that. */
// dialect: final=none
// bytes: 200
// auto: yes, plain, and it ends by itself
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_go;

static void go(int sig) {
    (void)sig;
    g_go = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    size_t bits = 8 * (strlen(argv[2]) + 1);

    signal(SIGUSR1, go);
    for (size_t i = 0; i < bits; i++) {
        g_go = 0;
        kill(server, argv[2][i / 8] << i % 8 & 128 ? SIGUSR2 : SIGUSR1);
        while (i + 1 < bits && !g_go)
            usleep(50);
    }
    return 0;
}
