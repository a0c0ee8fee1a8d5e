/* Its handler sends the next bit, and the end byte again and again until SIGUSR2 comes. */
// dialect: final=other
// auto: yes, the end that comes again shows what it waits for
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t g_server;
static const char *g_text;
static int g_bit;

static void send_next(void) {
    int bit = *g_text >> (7 - g_bit) & 1;

    if (++g_bit == 8) {
        g_bit = 0;
        g_text += *g_text != '\0';
    }
    kill(g_server, bit ? SIGUSR2 : SIGUSR1);
}

static void on_answer(int sig) {
    if (sig == SIGUSR2)
        _exit(0);
    send_next();
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    g_text = argv[2];
    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    send_next();
    for (;;)
        pause();
}
