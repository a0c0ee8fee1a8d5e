/* SIGUSR2 asks whether the server is free. SIGUSR2 says that it is; SIGUSR1 that it is not, and the handler asks again at once.
 * The text goes at a pace. */
// dialect: hello=yes,hello-signal=usr2,ack=none,pace=1000
// auto: yes, no text begins with so many SIGUSR2
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t g_server;
static volatile sig_atomic_t g_is_free;

static void on_answer(int sig) {
    if (sig == SIGUSR2)
        g_is_free = 1;
    else if (!g_is_free)
        kill(g_server, SIGUSR2);
}

static void send_char(char c) {
    for (int bit = 7; bit >= 0; bit--) {
        kill(g_server, c & (1 << bit) ? SIGUSR2 : SIGUSR1);
        usleep(1000);
    }
}

int main(int argc, char **argv) {
    struct sigaction action = {0};

    if (argc != 3) {
        fprintf(stderr, "usage: client PID TEXT\n");
        return 1;
    }
    g_server = atoi(argv[1]);
    action.sa_handler = on_answer;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    kill(g_server, SIGUSR2);
    while (!g_is_free)
        usleep(200);
    for (char *c = argv[2]; *c; c++)
        send_char(*c);
    send_char('\0');
    return 0;
}
