/* Asks for admission. Its handler then sends the next bit, also behind the text, until SIGUSR2 ends it. */
// dialect: hello=yes,final=other
// auto: learned, what stands behind the text of the first one shows that it waits for another signal
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t g_server;
static const char *g_text;

static void next(int sig) {
    static int left = 8;

    if (sig == SIGUSR2)
        _exit(0);
    kill(g_server, *g_text >> --left & 1 ? SIGUSR2 : SIGUSR1);
    if (left == 0) {
        left = 8;
        g_text++;
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    g_text = argv[2];
    signal(SIGUSR1, next);
    signal(SIGUSR2, next);
    kill(g_server, SIGUSR1);
    for (;;)
        pause();
}
