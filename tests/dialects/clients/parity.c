/* Nine bits a character: eight and their parity. Waits for each of them. */
// dialect: parity=even
// auto: yes, few texts have the right parity by chance
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_bit(pid_t server, int bit) {
    g_taken = 0;
    kill(server, bit ? SIGUSR2 : SIGUSR1);
    while (!g_taken)
        usleep(20);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    char *text = argv[2];
    signal(SIGUSR1, taken);
    for (;; text++) {
        int parity = 0;
        for (int i = 7; i >= 0; i--) {
            int bit = *text >> i & 1;
            parity ^= bit;
            send_bit(server, bit);
        }
        send_bit(server, parity);
        if (*text == '\0')
            return 0;
    }
}
