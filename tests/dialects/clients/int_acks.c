/* Each character as an int, at a pace; waits after each, and then for the word that the text is there. */
// dialect: char-bits=32,ack=byte,final=other,pace=200
// auto: yes, it stops after each character
// bytes: 30
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_signal;

static void on_signal(int sig) {
    g_signal = sig;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    unsigned char *text = (unsigned char *)argv[2];
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    for (;; text++) {
        unsigned int character = *text;
        g_signal = 0;
        for (int i = 31; i >= 0; i--) {
            kill(server, character >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(200);
        }
        while (g_signal != (*text ? SIGUSR1 : SIGUSR2))
            usleep(100);
        if (*text == '\0')
            return 0;
    }
}
