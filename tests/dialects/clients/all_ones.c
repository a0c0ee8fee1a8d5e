/* EOF is -1, so eight ones end the text. */
// dialect: end=0xff
// auto: yes, no byte of UTF-8 is 0xff
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_busy;

static void ready(int sig) {
    (void)sig;
    g_busy = 0;
}

static void send_char(pid_t pid, char c) {
    int i = 8;

    while (--i >= 0) {
        g_busy = 1;
        kill(pid, c >> i & 1 ? SIGUSR2 : SIGUSR1);
        while (g_busy)
            usleep(25);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, ready);
    for (char *c = argv[2]; *c; c++)
        send_char(atoi(argv[1]), *c);
    send_char(atoi(argv[1]), EOF);
    return 0;
}
