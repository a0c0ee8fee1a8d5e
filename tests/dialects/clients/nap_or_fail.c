/* Sleeps 200 milliseconds after each bit, and fails if no answer cuts that short: one that comes before the sleep is lost. */
// dialect: classic
// given: learned, the first of its program may be answered before it sleeps
// auto: learned
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void nothing(int sig) {
    (void)sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, nothing);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--) {
            kill(atoi(argv[1]), *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            if (usleep(200000) == 0)
                return 1;
        }
        if (*c == '\0')
            return 0;
    }
}
