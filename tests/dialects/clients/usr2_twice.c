/* Each bit is answered with SIGUSR2, and the whole text with one more. SIGUSR1 is the error of a server, whenever it comes. */
// dialect: ack-signal=usr2,final=twice
// auto: learned, the first of its program ends on SIGUSR1, and the second on the one that it gets after its text
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answers;

static void on_answer(int sig) {
    if (sig == SIGUSR1)
        _exit(1);
    g_answers = 1;
}

static void wait_for_answer(void) {
    while (!g_answers)
        usleep(50);
    g_answers = 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    for (size_t i = 0; i == 0 || argv[2][i - 1]; i++) {
        for (int bit = 7; bit >= 0; bit--) {
            if (kill(atoi(argv[1]), argv[2][i] >> bit & 1 ? SIGUSR2 : SIGUSR1) < 0)
                return 1;
            wait_for_answer();
        }
    }
    wait_for_answer();
    return 0;
}
