/* ASCII has seven bits, so seven are sent of each character. */
// dialect: char-bits=7
// auto: yes, eight bits at a time it is no text
// bytes: 60
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_next;

static void next(int sig) {
    (void)sig;
    g_next = 1;
}

static void send_ascii(int pid, char c) {
    int i = 7;

    while (i--) {
        g_next = 0;
        kill(pid, c >> i & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_next)
            usleep(30);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, next);
    while (*argv[2])
        send_ascii(atoi(argv[1]), *argv[2]++);
    send_ascii(atoi(argv[1]), '\0');
    return 0;
}
