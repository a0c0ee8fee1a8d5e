/* Sets its flag when the bit is on its way already: an answer that was faster is forgotten, and the loop never ends. */
// dialect: classic
// bytes: 200
// auto: yes, plain
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

volatile sig_atomic_t g_waiting;

void answered(int sig) {
    (void)sig;
    g_waiting = 0;
}

int main(int argc, char **argv) {
    int pid;
    int bit;
    int end;
    char *text;

    if (argc != 3)
        return 1;
    pid = atoi(argv[1]);
    text = argv[2];
    signal(SIGUSR1, answered);
    end = 0;
    while (!end) {
        end = (*text == '\0');
        bit = 8;
        while (bit-- > 0) {
            kill(pid, (*text >> bit) & 1 ? SIGUSR2 : SIGUSR1);
            g_waiting = 1;
            while (g_waiting)
                usleep(50);
        }
        text++;
    }
    return 0;
}
