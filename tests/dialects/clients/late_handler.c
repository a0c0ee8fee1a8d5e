/* Knocks with SIGUSR1 and only then installs the handler, which sends the next bit at each answer. */
// dialect: order=lsb,one=usr1,hello=yes
// auto: yes, a first signal that no text begins with
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static char *g_text;
static pid_t g_server;

static void next_bit(int sig) {
    static int bit;

    (void)sig;
    kill(g_server, *g_text >> bit & 1 ? SIGUSR1 : SIGUSR2);
    if (++bit == 8) {
        if (*g_text++ == '\0')
            exit(0);
        bit = 0;
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    g_text = argv[2];
    if (kill(g_server, SIGUSR1) < 0)
        return 1;
    usleep(3000);
    signal(SIGUSR1, next_bit);
    while (1)
        pause();
}
