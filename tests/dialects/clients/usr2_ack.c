/* SIGUSR2 says yes, and is all that it handles: SIGUSR1 would kill it. */
// dialect: ack-signal=usr2
// auto: yes, it handles no other signal
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t yes;

static void on_yes(int sig) {
    (void)sig;
    yes = 1;
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3)
        return 1;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_yes;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, NULL);
    pid_t server = atoi(argv[1]);
    char *text = argv[2];
    size_t bits = (strlen(text) + 1) * 8;
    for (size_t n = 0; n < bits; n++) {
        yes = 0;
        if (text[n / 8] & (128 >> n % 8))
            kill(server, SIGUSR2);
        else
            kill(server, SIGUSR1);
        while (!yes)
            usleep(100);
    }
    return 0;
}
