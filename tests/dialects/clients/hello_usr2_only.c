/* Handles SIGUSR2 alone and begins with it: the first SIGUSR2 that comes back opens the door, each further one takes a bit. */
// dialect: hello=yes,hello-signal=usr2,ack-signal=usr2
// auto: yes, a first signal that no text begins with
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answers;

static void on_usr2(int sig) {
    (void)sig;
    g_answers++;
}

int main(int argc, char **argv) {
    int sent = 0;

    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    signal(SIGUSR2, on_usr2);
    kill(server, SIGUSR2);
    while (g_answers == sent)
        usleep(40);
    for (char *c = argv[2];; c++) {
        for (int bit = 7; bit >= 0; bit--) {
            sent = g_answers;
            kill(server, (*c >> bit) & 1 ? SIGUSR2 : SIGUSR1);
            while (g_answers == sent)
                usleep(40);
        }
        if (!*c)
            return 0;
    }
}
