/* Counts what it has sent before it calls pause(), so that an answer at once comes too soon, each time. */
// dialect: classic
// auto: yes, what is lost is answered again
// bytes: 60
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void wake(int sig) {
    (void)sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, wake);
    pid_t server = atoi(argv[1]);
    unsigned char *c = (unsigned char *)argv[2];
    do {
        for (int i = 7; i >= 0; i--) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            for (volatile int n = 0; n < 500000; n++)
                ;
            pause();
        }
    } while (*c++);
    return 0;
}
