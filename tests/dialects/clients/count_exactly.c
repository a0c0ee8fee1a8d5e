/* Counts the answers, and a moment after the last bit it fails if there were more than bits. */
// dialect: classic
// auto: yes, plain
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answers;

static void on_answer(int sig) {
    (void)sig;
    g_answers++;
}

int main(int argc, char **argv) {
    int bits = 0;

    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    signal(SIGUSR1, on_answer);
    do {
        for (int i = 7; i >= 0; i--) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            bits++;
            while (g_answers < bits)
                usleep(60);
        }
    } while (*c++);
    usleep(150000);
    return g_answers == bits ? 0 : 1;
}
