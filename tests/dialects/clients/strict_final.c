/* Says that it failed unless the last answer, and no other, is SIGUSR2. */
// dialect: order=lsb,final=other
// auto: yes, SIGUSR2 is the likelier last acknowledgement of a client that handles both
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answer;

static void on_answer(int sig) {
    g_answer = sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    sigset_t both, before;

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, &before);
    for (char *c = argv[2];; c++) {
        for (int i = 0; i < 8; i++) {
            g_answer = 0;
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            while (!g_answer)
                sigsuspend(&before);
        }
        if (*c == '\0')
            return g_answer == SIGUSR2 ? 0 : 2;
    }
}
