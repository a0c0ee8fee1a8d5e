/* SIGUSR2 says that a bit has come, and SIGUSR1 that it has to be sent again. */
// dialect: ack-signal=usr2
// auto: yes, no text has as many zeros as it sends while it is answered by SIGUSR1
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answer;

static void on_answer(int sig) {
    g_answer = sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    do {
        for (int i = 7; i >= 0; i--) {
            do {
                g_answer = 0;
                kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
                while (g_answer == 0)
                    usleep(20);
            } while (g_answer == SIGUSR1);
        }
    } while (*c++);
    return 0;
}
