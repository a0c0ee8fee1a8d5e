/* ASCII has seven bits, so a character is complete after seven. */
// dialect: char-bits=7
// bytes: 60
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_bit(int sig, siginfo_t *info, void *context) {
    static int i = 6;
    static char c;

    (void)context;
    if (sig == SIGUSR2)
        c |= 1 << i;
    if (i-- == 0) {
        write(1, c ? &c : "\n", 1);
        i = 6;
        c = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("Server PID: %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
