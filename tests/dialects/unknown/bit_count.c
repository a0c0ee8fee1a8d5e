/* Sends how many bits follow, in 32 bits, instead of how many bytes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_bits(pid_t pid, unsigned value, int bits) {
    while (bits--) {
        g_taken = 0;
        kill(pid, value >> bits & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_taken)
            usleep(40);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    send_bits(atoi(argv[1]), 8 * strlen(argv[2]), 32);
    for (char *c = argv[2]; *c; c++)
        send_bits(atoi(argv[1]), (unsigned char)*c, 8);
    return 0;
}
