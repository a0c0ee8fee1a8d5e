/* Says yes by SIGUSR2. Prints through putchar(), in the handler. */
// dialect: ack-signal=usr2
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char bits[8];
static int count;

static int to_char(void) {
    int c = 0;

    for (int i = 0; i < 8; i++)
        c = 2 * c + bits[i];
    return c;
}

static void on_bit(int sig, siginfo_t *info, void *context) {
    (void)context;
    bits[count++] = sig == SIGUSR2;
    if (count == 8) {
        int c = to_char();
        putchar(c ? c : '\n');
        fflush(stdout);
        count = 0;
    }
    kill(info->si_pid, SIGUSR2);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
