/* Knocks, and does not insist: at the word that the server is busy it ends. */
// dialect: hello=yes,silence=fail
// bytes: 200
// auto: yes, the text comes one bit late
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
    kill(server, sig);
    while (!g_answer)
        usleep(70);
    return g_answer;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, answered);
    signal(SIGUSR2, answered);
    if (talk(server, SIGUSR1) == SIGUSR2) {
        fprintf(stderr, "the server is busy\n");
        return 1;
    }
    for (const char *s = argv[2];; s++) {
        for (int bit = 7; bit >= 0; bit--)
            talk(server, *s >> bit & 1 ? SIGUSR2 : SIGUSR1);
        if (!*s)
            return 0;
    }
}
