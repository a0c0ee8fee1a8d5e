/* A text is a line: a newline ends it, and no NUL follows. */
// dialect: end=0x0a
// auto: yes, it does not go on after the newline
// bytes: 60
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void acked(int sig) {
    (void)sig;
    g_acked = 1;
}

static void send_char(pid_t pid, unsigned char c) {
    for (int bit = 128; bit > 0; bit /= 2) {
        g_acked = 0;
        kill(pid, c & bit ? SIGUSR2 : SIGUSR1);
        while (!g_acked)
            usleep(10);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, acked);
    for (char *c = argv[2]; *c; c++)
        send_char(atoi(argv[1]), *c);
    send_char(atoi(argv[1]), '\n');
    return 0;
}
