/* Blocks SIGUSR1 and takes it with sigwait, without a handler. */
// dialect: classic
// auto: yes, its memory shows what it waits for
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    sigset_t usr1;
    int sig;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            sigwait(&usr1, &sig);
        }
        if (*c == '\0')
            return 0;
    }
}
