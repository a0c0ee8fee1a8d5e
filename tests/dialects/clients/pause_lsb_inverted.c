/* Both habits turned round: least significant bit first, SIGUSR1 for 1. Would wait by pause(), which sleeps for ever when the
 * answer comes just before it; an interval timer that interrupts it now and then was the cure. */
// dialect: order=lsb,one=usr1
// auto: yes, in text the last bit of most bytes is the same signal, and that is a 0
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t ok;

static void handler(int sig) {
    if (sig == SIGUSR1)
        ok = 1;
}

int main(int argc, char **argv) {
    struct sigaction sa;
    struct itimerval tick = {{0, 10000}, {0, 10000}};

    if (argc != 3)
        return 1;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = 0;
    sa.sa_handler = handler;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
    pid_t pid = atoi(argv[1]);
    char *p = argv[2];
    int shift = 0;
    while (1) {
        ok = 0;
        kill(pid, *p & (1 << shift) ? SIGUSR1 : SIGUSR2);
        while (!ok)
            pause();
        if (++shift == 8) {
            shift = 0;
            if (*p++ == '\0')
                break;
        }
    }
    return 0;
}
