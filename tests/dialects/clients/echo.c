/* Wants each bit back, and gives up when it is another one. */
// dialect: ack-signal=echo
// auto: learned, the first of its program ends on the first answer that is another signal
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_echo;

static void on_echo(int sig, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    g_echo = sig;
}

static void send_bit(pid_t server, int sig) {
    g_echo = 0;
    if (kill(server, sig) == -1)
        exit(1);
    while (g_echo == 0)
        usleep(50);
    if (g_echo != sig) {
        fprintf(stderr, "Error: that is not what I said\n");
        exit(1);
    }
}

int main(int argc, char **argv) {
    struct sigaction sa;

    if (argc != 3)
        return 1;
    sa.sa_flags = SA_SIGINFO;
    sa.sa_sigaction = on_echo;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    for (size_t i = 0; i <= strlen(argv[2]); i++)
        for (int bit = 7; bit >= 0; bit--)
            send_bit(atoi(argv[1]), argv[2][i] >> bit & 1 ? SIGUSR2 : SIGUSR1);
    return 0;
}
