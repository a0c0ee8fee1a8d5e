/* Pauses after each bit until SIGUSR2 comes. SIGUSR1 is the word that the text is there: its handler ends the program, which has
 * failed if it gets to the end of main without it. */
// dialect: ack-signal=usr2,final=other
// auto: learned, the first of its program ends on SIGUSR1
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void on_answer(int sig) {
    if (sig == SIGUSR1)
        _exit(0);
}

static void send_byte(pid_t server, unsigned char byte) {
    for (int bit = 0; bit < 8; bit++) {
        if (kill(server, byte & 128 ? SIGUSR2 : SIGUSR1) < 0)
            exit(1);
        byte <<= 1;
        pause();
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    for (const char *next = argv[2]; *next; next++)
        send_byte(atoi(argv[1]), *next);
    send_byte(atoi(argv[1]), '\0');
    return 1;
}
