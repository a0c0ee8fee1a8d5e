/* Sends the length of the string as if it were its first character, and the NUL as its last. */
// dialect: head=len8
// auto: yes, no text begins with such a byte as a length below 32 is
// bytes: 31
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_next;

static void go_on(int sig) {
    (void)sig;
    g_next = 1;
}

static void send_char(pid_t server, int c) {
    for (int place = 8; place-- > 0;) {
        g_next = 0;
        if (kill(server, (c >> place & 1) == 0 ? SIGUSR1 : SIGUSR2) < 0)
            exit(1);
        while (!g_next)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3 || strlen(argv[2]) > 255)
        return 1;
    size_t length = strlen(argv[2]);

    signal(SIGUSR1, go_on);
    send_char(atoi(argv[1]), length);
    for (size_t i = 0; i <= length; i++)
        send_char(atoi(argv[1]), argv[2][i]);
    return 0;
}
