/* Says hello with SIGUSR2. Whatever comes back, then and after each bit, lets it go on: one handler has both signals. */
// dialect: hello=yes,hello-signal=usr2
// auto: yes, a first signal that no text begins with
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_may_go_on;

static void go_on(int sig) {
    (void)sig;
    g_may_go_on = 1;
}

static void send_signal(pid_t server, int sig) {
    sigset_t none;

    sigemptyset(&none);
    g_may_go_on = 0;
    if (kill(server, sig) < 0) {
        perror("kill");
        exit(1);
    }
    while (!g_may_go_on)
        sigsuspend(&none);
}

int main(int argc, char **argv) {
    struct sigaction action = {0};
    sigset_t both;

    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, NULL);
    action.sa_handler = go_on;
    action.sa_mask = both;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    send_signal(server, SIGUSR2);
    for (size_t i = 0; i <= strlen(argv[2]); i++)
        for (int mask = 0x80; mask; mask >>= 1)
            send_signal(server, argv[2][i] & mask ? SIGUSR2 : SIGUSR1);
    return 0;
}
