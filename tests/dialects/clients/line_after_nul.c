/* Sends a NUL to see that the server answers, the text with its NUL, and then a newline for the looks of the terminal. */
// dialect: one=usr1,head=nul
// auto: yes, the newline is a byte behind the text
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_char(pid_t server, char c) {
    for (int bit = 7; bit >= 0; bit--) {
        g_taken = 0;
        kill(server, c >> bit & 1 ? SIGUSR1 : SIGUSR2);
        while (!g_taken)
            usleep(100);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    signal(SIGUSR1, taken);
    send_char(server, '\0');
    do
        send_char(server, *c);
    while (*c++);
    send_char(server, '\n');
    return 0;
}
