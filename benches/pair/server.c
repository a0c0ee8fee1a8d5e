/* The server of the exercise as it is usually written: a handler, a static byte, a SIGUSR1 back for each bit.
 *
 *   cc -O2 -o /tmp/server benches/pair/server.c && cc -O2 -o /tmp/client benches/pair/client.c
 *   cargo bench -p bench -- --only pair --server /tmp/server --client /tmp/client
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_signal(int sig, siginfo_t *info, void *context) {
    static unsigned char byte, bits;
    (void)context;
    byte = (unsigned char)(byte << 1 | (sig == SIGUSR2));
    if (++bits == 8) {
        if (byte == 0)
            byte = '\n';
        if (write(1, &byte, 1) < 0)
            _exit(1);
        byte = bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
