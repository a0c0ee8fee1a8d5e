/* Sends its PID in three bytes, since no PID needs more, and the text, at a pace. */
// dialect: head=pid,ack=none
// auto: yes, the zeros at the front of a PID may be fewer
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void send_bits(pid_t pid, unsigned value, int count) {
    while (count-- > 0) {
        kill(pid, value >> count & 1 ? SIGUSR2 : SIGUSR1);
        usleep(300);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    send_bits(pid, getpid(), 24);
    for (char *c = argv[2];; c++) {
        send_bits(pid, (unsigned char)*c, 8);
        if (*c == '\0')
            return 0;
    }
}
