/* Sends its bits with sigqueue, each with a value of 0. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_byte(pid_t pid, unsigned char byte) {
    for (int i = 7; i >= 0; i--) {
        g_taken = 0;
        sigqueue(pid, byte >> i & 1 ? SIGUSR2 : SIGUSR1, (union sigval){0});
        while (!g_taken)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    signal(SIGUSR1, taken);
    for (char *c = argv[2];; c++) {
        send_byte(pid, *c);
        if (*c == '\0')
            return 0;
    }
}
