/* Sleeps 10 milliseconds after each bit. The answer cuts that short, unless it comes before the sleep. */
// dialect: order=lsb
// lossy: yes
// bytes: 60
// auto: yes, plain
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
    for (char *c = argv[2];; c++) {
        for (int i = 0; i < 8; i++) {
            kill(atoi(argv[1]), *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(10000);
        }
        if (*c == '\0')
            return 0;
    }
}
