/* Knocks with SIGUSR2 and is let in with SIGUSR2; SIGUSR1 means that there is somebody else, and it asks again. */
// dialect: hello=yes,hello-signal=usr2
// auto: yes, after two SIGUSR1 it naps and asks again
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answer;

static void answered(int sig) {
    g_answer = sig;
}

static int talk(pid_t server, int sig) {
    g_answer = 0;
    if (kill(server, sig) < 0)
        exit(1);
    while (g_answer == 0)
        usleep(50);
    return g_answer;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, answered);
    signal(SIGUSR2, answered);
    while (talk(server, SIGUSR2) != SIGUSR2) {
        fprintf(stderr, "the server is busy\n");
        usleep(200000);
    }
    for (size_t i = 0;; i++) {
        for (int bit = 128; bit; bit >>= 1)
            talk(server, argv[2][i] & bit ? SIGUSR2 : SIGUSR1);
        if (argv[2][i] == '\0')
            return 0;
    }
}
