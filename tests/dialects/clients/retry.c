/* Distrusts signals: what has not been answered within a second is sent again. Should the answer be lost and not the bit, the
 * server has it twice, which its author has never seen happen. */
// dialect: wait=1000,silence=retry
// auto: yes, plain, unless a server keeps it waiting
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t acked = 0;

static void on_ack(int sig, siginfo_t *info, void *context) {
    (void)sig;
    (void)info;
    (void)context;
    acked = 1;
}

static void send_bit(pid_t server, int bit) {
    acked = 0;
    while (!acked) {
        if (kill(server, bit ? SIGUSR2 : SIGUSR1) == -1) {
            perror("kill");
            exit(1);
        }
        for (int ms = 0; ms < 1000 && !acked; ms++)
            usleep(1000);
    }
}

int main(int argc, char **argv) {
    struct sigaction action = {0};

    if (argc != 3)
        return 1;
    action.sa_sigaction = on_ack;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    const char *text = argv[2];
    do {
        for (int bit = 7; bit >= 0; bit--)
            send_bit(atoi(argv[1]), *text >> bit & 1);
    } while (*text++);
    return 0;
}
