/* Sends eight ones after the NUL, which its author takes for the end, and polls for each acknowledgement. */
// dialect: one=usr1
// auto: yes, the byte after the NUL is no text
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void note(int sig) {
    (void)sig;
    g_acked = 1;
}

static void send_bit(pid_t pid, int bit) {
    g_acked = 0;
    if (kill(pid, bit ? SIGUSR1 : SIGUSR2) < 0)
        exit(1);
    while (!g_acked)
        ;
}

int main(int argc, char **argv) {
    pid_t pid;
    char *s;
    int bit;

    if (argc != 3)
        return 1;
    pid = atoi(argv[1]);
    signal(SIGUSR1, note);
    for (s = argv[2];; s++) {
        for (bit = 7; bit >= 0; bit--)
            send_bit(pid, *s >> bit & 1);
        if (*s == '\0')
            break;
    }
    for (bit = 0; bit < 8; bit++)
        send_bit(pid, 1);
    return 0;
}
