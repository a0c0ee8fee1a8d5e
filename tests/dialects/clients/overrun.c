/* The handler of SIGUSR1 sends the next bit and never looks for the end of the text: only SIGUSR2 stops it. */
// dialect: final=other
// auto: yes, SIGUSR2 is the likelier last acknowledgement of a client that handles both
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t g_server;
static char *g_text;
static int g_bit;

static void send_bit(int sig) {
    int bit = *g_text >> (7 - g_bit) & 1;

    (void)sig;
    /* Before it sends: the answer interrupts the first call. */
    if (++g_bit == 8) {
        g_bit = 0;
        g_text++;
    }
    kill(g_server, bit ? SIGUSR2 : SIGUSR1);
}

static void end(int sig) {
    (void)sig;
    write(1, "received\n", 9);
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    g_text = argv[2];
    signal(SIGUSR1, send_bit);
    signal(SIGUSR2, end);
    send_bit(0);
    for (;;)
        pause();
}
