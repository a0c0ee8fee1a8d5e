/* Its handler sends the next bit when the one before is acknowledged, and exits when there is none. The main function only
 * pauses. */
// dialect: order=lsb,one=usr1
// auto: yes, in text the last bit of most bytes is the same signal, and that is a 0
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t server;
static const char *text;
static int bit;

static void send_bit(void) {
    kill(server, *text >> bit & 1 ? SIGUSR1 : SIGUSR2);
}

static void next(int sig) {
    (void)sig;
    if (++bit == 8) {
        bit = 0;
        if (*text == '\0')
            exit(EXIT_SUCCESS);
        text++;
    }
    send_bit();
}

int main(int argc, char **argv) {
    if (argc != 3)
        return EXIT_FAILURE;
    server = atoi(argv[1]);
    text = argv[2];
    signal(SIGUSR1, next);
    send_bit();
    for (;;)
        pause();
}
