/* SIGUSR2 asks for admission and gives it. From then on SIGUSR1 acknowledges each bit, and SIGUSR2 is an error. */
// dialect: hello=yes,hello-signal=usr2
// auto: learned, its first processes end on what is not the answer that they wait for
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static sigset_t g_both;

static void send_bit(pid_t server, int bit, int answer) {
    int sig;

    kill(server, bit ? SIGUSR2 : SIGUSR1);
    sigwait(&g_both, &sig);
    if (sig != answer)
        exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    sigemptyset(&g_both);
    sigaddset(&g_both, SIGUSR1);
    sigaddset(&g_both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &g_both, NULL);
    send_bit(server, 1, SIGUSR2);
    do {
        for (int i = 7; i >= 0; i--)
            send_bit(server, *c >> i & 1, SIGUSR1);
    } while (*c++);
    return 0;
}
