/* A client that sends a newline behind each text, before the NUL. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void acked(int sig) {
    (void)sig;
    g_acked = 1;
}

static void send_byte(pid_t server, char byte) {
    for (int bit = 128; bit > 0; bit /= 2) {
        g_acked = 0;
        if (kill(server, byte & bit ? SIGUSR2 : SIGUSR1) < 0)
            exit(1);
        while (!g_acked)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    signal(SIGUSR1, acked);
    for (char *text = argv[2]; *text != '\0'; text++)
        send_byte(server, *text);
    send_byte(server, '\n');
    send_byte(server, '\0');
    return 0;
}
