/* A client that waits for one acknowledgement too many after 40 bytes, for ever: longer texts hang. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void acked(int sig) {
    (void)sig;
    g_acked = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, acked);
    for (int i = 0;; i++) {
        for (int bit = 128; bit > 0; bit /= 2) {
            g_acked = 0;
            if (kill(atoi(argv[1]), argv[2][i] & bit ? SIGUSR2 : SIGUSR1) < 0)
                return 1;
            while (!g_acked)
                usleep(20);
        }
        if (argv[2][i] == '\0')
            return 0;
        while (i == 40)
            pause();
    }
}
