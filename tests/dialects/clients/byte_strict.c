/* Reads its answers from a signalfd: after each byte it must be SIGUSR2, and after the NUL SIGUSR1. Any other is an error, and so is
 * none within three seconds. */
// dialect: ack=byte,ack-signal=usr2,final=other,pace=3000
// auto: learned, the first of its program ends on a SIGUSR1 after its first byte, and the second on the last SIGUSR2
// bytes: 40
// lossy: yes
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int wait_for_answer(int fd) {
    struct signalfd_siginfo info;
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    if (poll(&ready, 1, 3000) != 1 || read(fd, &info, sizeof info) != sizeof info)
        return -1;
    return info.ssi_signo;
}

int main(int argc, char **argv) {
    sigset_t answers;

    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];
    sigemptyset(&answers);
    sigaddset(&answers, SIGUSR1);
    sigaddset(&answers, SIGUSR2);
    sigprocmask(SIG_BLOCK, &answers, NULL);
    int fd = signalfd(-1, &answers, 0);
    do {
        for (int i = 7; i >= 0; i--) {
            usleep(3000);
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
        }
        if (wait_for_answer(fd) != (*c ? SIGUSR2 : SIGUSR1)) {
            fprintf(stderr, "wrong answer\n");
            return 3;
        }
    } while (*c++);
    return 0;
}
