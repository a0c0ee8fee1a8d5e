/* Sends the NUL of the string, and then its end byte, which is another one. */
// dialect: classic
// auto: yes, an end that comes twice is no text
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_byte(pid_t pid, unsigned char byte) {
    for (int i = 7; i >= 0; i--) {
        g_taken = 0;
        kill(pid, byte >> i & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_taken)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    signal(SIGUSR1, taken);
    for (size_t i = 0; i <= strlen(argv[2]); i++)
        send_byte(pid, argv[2][i]);
    send_byte(pid, 0);
    return 0;
}
