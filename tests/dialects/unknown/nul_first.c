/* A NUL before the text wakes the server up. Each byte is answered, within 175 us or it is sent again. */
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t answered;

static void on_answer(int sig) {
    (void)sig;
    answered = 1;
}

static void send_byte(pid_t server, unsigned char byte) {
    do {
        answered = 0;
        for (int bit = 7; bit >= 0; bit--) {
            kill(server, byte >> bit & 1 ? SIGUSR2 : SIGUSR1);
            usleep(175);
        }
        usleep(175);
    } while (!answered);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, on_answer);
    send_byte(server, 0);
    for (const char *s = argv[2]; *s; s++)
        send_byte(server, *s);
    send_byte(server, 0);
    return 0;
}
