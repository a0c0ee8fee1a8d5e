/* Sends the length as it sends everything, byte by byte from memory: the low byte is the first on this machine, though the
 * bits of each go from the highest. */
// dialect: head=len32,head-bytes=little
// auto: yes, read with the low byte first, what comes first is the length of what follows
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t confirmed;

static void confirm(int sig) {
    (void)sig;
    confirmed = 1;
}

static void transmit(pid_t to, const void *data, size_t size) {
    const unsigned char *byte = data;

    for (; size > 0; size--, byte++) {
        for (unsigned mask = 1u << 7; mask != 0; mask >>= 1) {
            confirmed = 0;
            if (kill(to, (*byte & mask) != 0 ? SIGUSR2 : SIGUSR1) != 0)
                exit(1);
            while (!confirmed)
                usleep(100);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    struct sigaction action = {.sa_handler = confirm};
    sigaction(SIGUSR1, &action, NULL);
    pid_t server = atoi(argv[1]);
    uint32_t length = strlen(argv[2]);
    transmit(server, &length, sizeof length);
    transmit(server, argv[2], length + 1);
    return 0;
}
