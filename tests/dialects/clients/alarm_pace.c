/* A timer wakes it from pause() every 2 ms to send a bit. The handler for SIGUSR1 thanks for the message, and ends it. */
// dialect: ack=message,pace=2000
// auto: yes, it handles SIGALRM too, so that it may sleep for that
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static void on_timer(int sig) {
    (void)sig;
}

static void on_done(int sig) {
    (void)sig;
    write(1, "thanks\n", 7);
    _exit(0);
}

int main(int argc, char **argv) {
    struct itimerval pace = {{0, 2000}, {0, 2000}};

    if (argc != 3)
        return 1;
    signal(SIGALRM, on_timer);
    signal(SIGUSR1, on_done);
    setitimer(ITIMER_REAL, &pace, NULL);
    for (const char *c = argv[2];; c++) {
        for (int mask = 128; mask; mask >>= 1) {
            kill(atoi(argv[1]), *c & mask ? SIGUSR2 : SIGUSR1);
            pause();
        }
        if (*c == '\0')
            break;
    }
    for (;;)
        pause();
}
