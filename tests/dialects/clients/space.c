/* Counts to nine for each character, so that a 0 follows the eight bits. Waits for each of them. */
// dialect: one=usr1,parity=space
// auto: yes, hardly a text has a 0 in each of these places by chance
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    for (unsigned char *text = (unsigned char *)argv[2];; text++) {
        for (int i = 0; i < 9; i++) {
            g_taken = 0;
            kill(atoi(argv[1]), *text & 0x80 >> i ? SIGUSR1 : SIGUSR2);
            while (!g_taken)
                usleep(20);
        }
        if (*text == '\0')
            return 0;
    }
}
