/* Sends the length and then the text, a bit at each SIGUSR1 and each from the least significant bit. It never looks for the end:
 * its handler goes on into the memory behind the text until SIGUSR2 ends it. */
// dialect: order=lsb,head=len32,final=other
// auto: yes, its handler sends the NUL behind the text, which its own server does not take; what stands behind that is no length
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t server;
static unsigned length;
static const char *text;
static unsigned long sent;

static void send_next(void) {
    unsigned long at = sent++;
    int bit;

    if (at < 32)
        bit = length >> at & 1;
    else
        bit = text[at / 8 - 4] >> at % 8 & 1;
    kill(server, bit ? SIGUSR2 : SIGUSR1);
}

static void on_signal(int sig) {
    if (sig == SIGUSR2)
        _exit(0);
    send_next();
}

int main(int argc, char **argv) {
    struct sigaction action;

    if (argc != 3)
        return 1;
    server = atoi(argv[1]);
    text = argv[2];
    length = strlen(text);
    action.sa_handler = on_signal;
    action.sa_flags = 0;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    send_next();
    for (;;)
        pause();
}
