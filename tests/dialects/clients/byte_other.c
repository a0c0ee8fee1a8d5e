/* Waits for a SIGUSR1 after each of seven bits of a byte, and for a SIGUSR2 after the eighth. */
// dialect: ack-byte=other
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

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, answered);
    signal(SIGUSR2, answered);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--) {
            g_bit = g_byte = 0;
            kill(atoi(argv[1]), *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            while (!(i > 0 ? g_bit : g_byte))
                usleep(20);
        }
        if (*c == '\0')
            return 0;
    }
}
