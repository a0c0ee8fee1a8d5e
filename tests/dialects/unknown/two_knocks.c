/* Knocks to ask whether there is a server, and once more to begin a text. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_answer;

static void on_answer(int sig) {
    g_answer = sig;
}

static void send_bit(pid_t server, int bit) {
    g_answer = 0;
    kill(server, bit ? SIGUSR2 : SIGUSR1);
    while (!g_answer)
        usleep(100);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    send_bit(server, 0);
    usleep(1000);
    send_bit(server, 0);
    for (size_t i = 0; i == 0 || argv[2][i - 1]; i++)
        for (int place = 7; place >= 0; place--)
            send_bit(server, argv[2][i] >> place & 1);
    return 0;
}
