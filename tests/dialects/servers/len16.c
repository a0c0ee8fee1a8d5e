/* A length of 16 bits and so many bytes, collected and printed at once. */
// dialect: head=len16,end=none
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char in[2 + 65535];
static unsigned long bits;

static void handler(int sig, siginfo_t *info, void *context) {
    unsigned long bytes, length;

    (void)context;
    if (sig == SIGUSR2)
        in[bits / 8] |= 0x80 >> bits % 8;
    bits++;
    bytes = bits / 8;
    length = in[0] * 256 + in[1];
    if (bits % 8 == 0 && bytes >= 2 && bytes == 2 + length) {
        write(1, in + 2, length);
        memset(in, 0, bytes);
        bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
