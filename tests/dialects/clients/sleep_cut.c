/* Sleeps a second after each bit. The answer cuts that short, and its handler has nothing else to do. An answer that takes longer
 * is taken for that of the next bit. */
// dialect: classic
// lossy: yes
// bytes: 200
// auto: yes, plain
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void nothing(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)info;
    (void)context;
}

int main(int argc, char **argv) {
    struct sigaction action;
    size_t length;

    if (argc != 3) {
        fprintf(stderr, "usage: client PID TEXT\n");
        return 1;
    }
    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = nothing;
    sigaction(SIGUSR1, &action, NULL);
    length = strlen(argv[2]) + 1;
    for (size_t i = 0; i < 8 * length; i++) {
        int bit = argv[2][i / 8] >> (7 - i % 8) & 1;
        kill(atoi(argv[1]), bit ? SIGUSR2 : SIGUSR1);
        sleep(1);
    }
    return 0;
}
