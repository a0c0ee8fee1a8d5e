/* Wants each bit back inverted, and gives up when it is the bit itself. */
// dialect: ack-signal=inverse
// auto: learned, its first processes end on the first answer that is the signal that they sent
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
            int sig = *c >> i & 1 ? SIGUSR2 : SIGUSR1;
            g_answer = 0;
            kill(server, sig);
            while (g_answer == 0)
                usleep(20);
            if (g_answer == sig)
                return 1;
        }
    } while (*c++);
    return 0;
}
