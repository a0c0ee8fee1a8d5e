/* Sends the characters and nothing after them. It ends with exit(1) when the last bit is acknowledged, although all is well. */
// dialect: end=none
// auto: yes, it ends at once, and so has not given up waiting
// exits: 1
// bytes: 300
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t taken;

static void on_taken(int sig) {
    (void)sig;
    taken = 1;
}

static void send_char(pid_t server, char c) {
    for (int bit = 7; bit >= 0; bit--) {
        taken = 0;
        kill(server, c >> bit & 1 ? SIGUSR2 : SIGUSR1);
        while (!taken)
            usleep(40);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        exit(2);
    signal(SIGUSR1, on_taken);
    for (const char *c = argv[2]; *c != '\0'; c++)
        send_char(atoi(argv[1]), *c);
    exit(1);
}
