/* Blocks both signals and reads the answers from a signalfd. */
// dialect: order=lsb
// auto: yes, its mask shows that no answer kills it
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    struct signalfd_siginfo answer;
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, NULL);
    int fd = signalfd(-1, &both, 0);
    for (char *c = argv[2];; c++) {
        for (int i = 0; i < 8; i++) {
            struct pollfd poll_fd = {fd, POLLIN, 0};

            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            poll(&poll_fd, 1, -1);
            if (read(fd, &answer, sizeof answer) != sizeof answer)
                return 1;
        }
        if (*c == '\0')
            return 0;
    }
}
