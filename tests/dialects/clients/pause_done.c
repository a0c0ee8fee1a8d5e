/* SIGUSR1 only wakes it from pause(). SIGUSR2 means that all has been received, whenever it comes, and ends it well. */
// dialect: final=other
// bytes: 200
// auto: yes, plain, unless a server tries SIGUSR2 in mid-text
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void received(int sig) {
    if (sig == SIGUSR2) {
        write(1, "received\n", 9);
        _exit(0);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, received);
    signal(SIGUSR2, received);
    int server = atoi(argv[1]);
    unsigned char c;
    do {
        c = *argv[2]++;
        for (int i = 0; i < 8; i++) {
            kill(server, c << i & 0x80 ? SIGUSR2 : SIGUSR1);
            pause();
        }
    } while (c);
    for (;;)
        pause();
}
