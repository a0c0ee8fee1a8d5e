/* The handler of SIGUSR1 sends the next bit, and after the last of the NUL one more; that of SIGUSR2 ends the program. */
// dialect: final=other
// bytes: 200
// auto: yes, plain; the first of its kind shows that SIGUSR1 does not end it
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t g_server;
static char *g_text;
static size_t g_bits;
static size_t g_sent;

static void send_bit(void) {
    size_t i = g_sent++;

    if (i > g_bits)
        return;
    if (i < g_bits && g_text[i / 8] >> (7 - i % 8) & 1)
        kill(g_server, SIGUSR2);
    else
        kill(g_server, SIGUSR1);
}

static void on_signal(int sig) {
    if (sig == SIGUSR1)
        send_bit();
    else
        exit(0);
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3)
        return 1;
    g_server = atoi(argv[1]);
    g_text = argv[2];
    g_bits = 8 * (strlen(g_text) + 1);
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    send_bit();
    while (1)
        pause();
}
