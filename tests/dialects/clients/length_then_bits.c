/* The length goes at a pace, since nothing can go wrong there. Each bit of the text waits in pause(), with the signal blocked
 * until then. */
// dialect: head=len32,end=none,ack-head=no,pace=400
// auto: yes, it first stops one bit after the length
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wake(int sig) {
    (void)sig;
}

static void send_bit(pid_t server, int bit) {
    kill(server, bit ? SIGUSR2 : SIGUSR1);
}

int main(int argc, char **argv) {
    sigset_t usr1, none;

    if (argc != 3)
        return 1;
    signal(SIGUSR1, wake);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    pid_t server = atoi(argv[1]);
    unsigned int length = strlen(argv[2]);
    for (int i = 31; i >= 0; i--) {
        send_bit(server, length >> i & 1);
        usleep(400);
    }
    for (unsigned int n = 0; n < length; n++) {
        for (int i = 7; i >= 0; i--) {
            send_bit(server, argv[2][n] >> i & 1);
            sigsuspend(&none);
        }
    }
    return 0;
}
