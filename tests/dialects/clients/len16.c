/* Says the length in 16 bits and ends without a NUL. Listens to its server only, and sleeps a millisecond where pause() would
 * be, so that an acknowledgement which comes before the sleep costs no more than that. */
// dialect: head=len16,end=none
// auto: yes, what comes first is the length of what follows
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t acked;
static pid_t server;

static void on_ack(int sig, siginfo_t *info, void *ucontext) {
    (void)sig;
    (void)ucontext;
    if (info->si_pid == server)
        acked = 1;
}

static void send_bits(uint16_t value, int count) {
    while (count-- > 0) {
        acked = 0;
        kill(server, value & (1u << count) ? SIGUSR2 : SIGUSR1);
        if (!acked)
            usleep(1000);
        while (!acked)
            usleep(1000);
    }
}

int main(int argc, char **argv) {
    if (argc != 3 || strlen(argv[2]) > UINT16_MAX)
        return 1;
    server = atoi(argv[1]);
    struct sigaction sa;
    sa.sa_sigaction = on_ack;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    send_bits(strlen(argv[2]), 16);
    for (const char *p = argv[2]; *p; p++)
        send_bits((unsigned char)*p, 8);
    return 0;
}
