/* Hides each byte, the NUL too, by an exclusive or with a key. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY 0x15

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *c = argv[2];

    signal(SIGUSR1, taken);
    do {
        for (int i = 7; i >= 0; i--) {
            g_taken = 0;
            kill(server, (*c ^ KEY) >> i & 1 ? SIGUSR2 : SIGUSR1);
            while (!g_taken)
                usleep(50);
        }
    } while (*c++);
    return 0;
}
