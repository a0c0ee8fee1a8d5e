/* Sends at a pace and then sleeps for five seconds. Any signal ends that, but SIGUSR2 alone says that the text is there: after
 * SIGUSR1, which its server sends to say that it is still at work, it gives up. */
// dialect: order=lsb,ack=message,ack-signal=usr2,pace=500
// auto: yes, it handles both signals, and waits at the end
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_is_there;

static void on_signal(int sig) {
    if (sig == SIGUSR2)
        g_is_there = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    pid_t server = atoi(argv[1]);
    char *c = argv[2];
    do {
        for (int i = 0; i < 8; i++) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(500);
        }
    } while (*c++);
    if (!g_is_there)
        sleep(5);
    if (g_is_there)
        return 0;
    fprintf(stderr, "the server did not get it\n");
    return 1;
}
