/* Looks at its flag and then sleeps a second, which the answer cuts short unless it comes between the two. */
// dialect: classic
// bytes: 200
// auto: yes, plain
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t answered;

static void on_answer(int sig) {
    (void)sig;
    answered = 1;
}

static void send_byte(pid_t server, unsigned char byte) {
    for (int mask = 128; mask > 0; mask /= 2) {
        answered = 0;
        kill(server, byte & mask ? SIGUSR2 : SIGUSR1);
        while (!answered)
            sleep(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return EXIT_FAILURE;
    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    char *text = argv[2];
    do
        send_byte(atoi(argv[1]), *text);
    while (*text++);
    return EXIT_SUCCESS;
}
