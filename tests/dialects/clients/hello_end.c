/* Knocks with SIGUSR1, and says good-bye with a SIGUSR2 behind the NUL. The server has to answer both, as it answers each bit. */
// dialect: hello=yes,final=same
// auto: yes, the signal behind the text opens no handshake
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t answered;

static void on_answer(int sig) {
    (void)sig;
    answered = 1;
}

static void say(pid_t server, int sig) {
    answered = 0;
    kill(server, sig);
    while (!answered)
        usleep(20);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *text = argv[2];

    signal(SIGUSR1, on_answer);
    say(server, SIGUSR1);
    do {
        for (int i = 7; i >= 0; i--)
            say(server, *text >> i & 1 ? SIGUSR2 : SIGUSR1);
    } while (*text++);
    say(server, SIGUSR2);
    return 0;
}
