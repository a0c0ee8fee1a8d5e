/* Sleeps for ten seconds after each byte but the last; the answer cuts that short. The end of the program ends the text. */
// dialect: end=none,ack=byte,pace=4000
// auto: yes, also if the first text of its program was one byte
// bytes: 30
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void wake_up(int sig) {
    (void)sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    signal(SIGUSR1, wake_up);
    while (*c) {
        for (int i = 128; i > 0; i /= 2) {
            usleep(4000);
            kill(server, *c & i ? SIGUSR2 : SIGUSR1);
        }
        if (*++c)
            sleep(10);
    }
    return 0;
}
