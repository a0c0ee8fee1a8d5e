/* Waits for a SIGUSR1 after each bit, and after each byte for a SIGUSR2 as well. */
// dialect: ack-byte=both
// auto: yes, the stop after a byte
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_bit;
static volatile sig_atomic_t g_byte;

static void answered(int sig) {
    if (sig == SIGUSR1)
        g_bit = 1;
    else
        g_byte = 1;
}

static void send_byte(pid_t pid, unsigned char byte) {
    g_byte = 0;
    for (int mask = 128; mask; mask >>= 1) {
        g_bit = 0;
        kill(pid, byte & mask ? SIGUSR2 : SIGUSR1);
        while (!g_bit)
            usleep(40);
    }
    while (!g_byte)
        usleep(40);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, answered);
    signal(SIGUSR2, answered);
    for (size_t i = 0;; i++) {
        send_byte(atoi(argv[1]), argv[2][i]);
        if (argv[2][i] == '\0')
            return 0;
    }
}
