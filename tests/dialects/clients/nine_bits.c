/* Counts from 8 down to 0, which are nine bits. Its server counts in the same way. */
// dialect: char-bits=9
// auto: yes, each ninth bit is 0
// bytes: 200
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void acked(int sig) {
    (void)sig;
    g_acked = 1;
}

static void send_char(pid_t pid, unsigned char c) {
    for (int i = 8; i >= 0; i--) {
        g_acked = 0;
        kill(pid, c & 1 << i ? SIGUSR2 : SIGUSR1);
        while (!g_acked)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    char *text;

    if (argc != 3)
        return 1;
    signal(SIGUSR1, acked);
    text = argv[2];
    do
        send_char(atoi(argv[1]), *text);
    while (*text++);
    return 0;
}
