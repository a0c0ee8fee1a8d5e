/* Careful and slow, 1 ms a bit; a length of 16 bits goes ahead, so the text needs no end. */
// dialect: head=len16,end=none,ack=none,pace=1000
// auto: yes, it has no handler, and what comes first is the length of what follows
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void send_bit(pid_t server, int bit) {
    struct timespec delay = {0, 1000000};

    if (kill(server, bit ? SIGUSR2 : SIGUSR1) != 0)
        exit(EXIT_FAILURE);
    nanosleep(&delay, NULL);
}

static void send_number(pid_t server, unsigned number, int bits) {
    while (bits-- > 0)
        send_bit(server, number >> bits & 1);
}

int main(int argc, char **argv) {
    if (argc != 3 || strlen(argv[2]) > UINT16_MAX)
        return EXIT_FAILURE;
    pid_t server = atoi(argv[1]);
    send_number(server, strlen(argv[2]), 16);
    for (char *c = argv[2]; *c != '\0'; c++)
        send_number(server, (unsigned char)*c, 8);
    return EXIT_SUCCESS;
}
