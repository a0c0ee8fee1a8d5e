/* An empty handler, and pause() after each kill(): an answer that comes in between is lost, and with it the client. */
// dialect: classic
// bytes: 200
// auto: yes, plain
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void wake_up(int sig) {
    (void)sig;
}

static void send_char(pid_t server, unsigned char c) {
    for (int i = 7; i >= 0; i--) {
        kill(server, (c >> i) & 1 ? SIGUSR2 : SIGUSR1);
        pause();
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, wake_up);
    for (const char *s = argv[2]; *s; s++)
        send_char(atoi(argv[1]), *s);
    send_char(atoi(argv[1]), '\0');
    return 0;
}
