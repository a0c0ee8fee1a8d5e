/* Sends its PID in digits and then the text, with the same end after both, and hopes for a word at the end of it all. */
// dialect: head=pid-digits,end=etx,ack=message,pace=1000
// auto: yes, a text of the client's own PID is a head
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_arrived;

static void on_arrival(int sig) {
    g_arrived = sig;
}

static void send(pid_t server, const char *text) {
    size_t count = strlen(text);

    for (size_t i = 0; i <= count; i++) {
        int c = i < count ? text[i] : 3;
        for (int mask = 128; mask; mask /= 2) {
            kill(server, c & mask ? SIGUSR2 : SIGUSR1);
            usleep(1000);
        }
    }
}

int main(int argc, char **argv) {
    char own[16];

    if (argc != 3)
        return 1;
    signal(SIGUSR1, on_arrival);
    snprintf(own, sizeof own, "%d", getpid());
    send(atoi(argv[1]), own);
    send(atoi(argv[1]), argv[2]);
    for (int i = 0; i < 1000 && !g_arrived; i++)
        usleep(1000);
    return !g_arrived;
}
