/* Has no handler: both signals are blocked, and a signalfd has them. */
// dialect: order=lsb,head=len64,end=none
// newline: yes
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(void) {
    struct signalfd_siginfo info;
    uint64_t length = 0, bits = 0;
    unsigned char byte = 0;
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, NULL);
    int fd = signalfd(-1, &both, 0);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;) {
        struct pollfd poll_fd = {fd, POLLIN, 0};

        poll(&poll_fd, 1, -1);
        if (read(fd, &info, sizeof info) != sizeof info)
            return 1;
        uint64_t bit = info.ssi_signo == SIGUSR2;
        if (bits < 64)
            length |= bit << bits;
        else
            byte |= bit << bits % 8;
        if (++bits > 64 && bits % 8 == 0) {
            write(1, &byte, 1);
            byte = 0;
        }
        if (bits == 64 + 8 * length && bits >= 64) {
            write(1, "\n", 1);
            bits = length = 0;
        }
        kill(info.ssi_pid, SIGUSR1);
    }
}
