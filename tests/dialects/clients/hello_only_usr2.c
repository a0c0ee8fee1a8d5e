/* Opens with a SIGUSR1. The answer to that and to each bit is SIGUSR2, the only signal that it handles. */
// dialect: hello=yes,ack-signal=usr2
// auto: yes, a first signal that no text begins with
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answered;

static void on_answer(int sig) {
    (void)sig;
    g_answered = 1;
}

static void send_signal(pid_t server, int sig) {
    g_answered = 0;
    kill(server, sig);
    while (!g_answered)
        usleep(20);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR2, on_answer);
    send_signal(server, SIGUSR1);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--)
            send_signal(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
        if (*c == '\0')
            return 0;
    }
}
