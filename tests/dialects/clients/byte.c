/* Waits for the server after each character; within one it trusts to a sleep of 400 us. */
// dialect: ack=byte,pace=400
// auto: yes, it goes on without an answer until it has sent eight bits
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_char_ok;

static void char_ok(int sig) {
    (void)sig;
    g_char_ok = 1;
}

static void send_char(pid_t pid, char c) {
    g_char_ok = 0;
    for (int i = 7; i >= 0; i--) {
        kill(pid, (c >> i) & 1 ? SIGUSR2 : SIGUSR1);
        usleep(400);
    }
    while (!g_char_ok)
        usleep(100);
}

int main(int argc, char **argv) {
    struct sigaction sa;

    if (argc != 3)
        return 1;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_RESTART;
    sa.sa_handler = char_ok;
    sigaction(SIGUSR1, &sa, NULL);
    size_t length = strlen(argv[2]);
    for (size_t i = 0; i <= length; i++)
        send_char(atoi(argv[1]), argv[2][i]);
    return 0;
}
