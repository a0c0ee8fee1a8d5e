/* Sends the characters and nothing after them: its server prints each as it comes. */
// dialect: end=none
// auto: yes, it ends, and that of its own will
// bytes: 300
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void on_received(int sig) {
    (void)sig;
    received = 1;
}

static void send_char(pid_t pid, char c) {
    for (int i = 7; i >= 0; i--) {
        received = 0;
        kill(pid, (c >> i) & 1 ? SIGUSR2 : SIGUSR1);
        while (!received)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, on_received);
    for (char *p = argv[2]; *p; p++)
        send_char(atoi(argv[1]), *p);
    return 0;
}
