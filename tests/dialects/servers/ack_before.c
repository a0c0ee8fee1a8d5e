/* Acknowledges first thing in the handler, before it has done anything about the bit. */
// dialect: ack-time=before
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char buffer[100000];
static int length;

static void on_bit(int sig, siginfo_t *info, void *context) {
    static int bit = 7;

    (void)context;
    kill(info->si_pid, SIGUSR1);
    if (sig == SIGUSR2)
        buffer[length] |= 1 << bit;
    if (--bit >= 0)
        return;
    bit = 7;
    if (buffer[length] != '\0') {
        length++;
        return;
    }
    puts(buffer);
    fflush(stdout);
    while (length >= 0)
        buffer[length--] = '\0';
    length = 0;
}

int main(void) {
    struct sigaction action = {0};

    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("Server started, PID %d\n", getpid());
    fflush(stdout);
    while (1)
        sleep(1);
}
