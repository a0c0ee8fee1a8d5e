/* Handles no signal at all: sleeps 100 us after each bit and hopes. The first solution of everybody. */
// dialect: ack=none,pace=100
// auto: yes, it has no handler
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void send_bits(char c, int pid) {
    int bit = 8;

    while (bit--) {
        if (c & (1 << bit))
            kill(pid, SIGUSR2);
        else
            kill(pid, SIGUSR1);
        usleep(100);
    }
}

int main(int argc, char **argv) {
    int pid;
    int i;

    if (argc != 3) {
        if (write(1, "./client PID MESSAGE\n", 21) < 0)
            return 2;
        return 1;
    }
    pid = atoi(argv[1]);
    i = 0;
    while (argv[2][i] != '\0') {
        send_bits(argv[2][i], pid);
        i++;
    }
    send_bits('\0', pid);
    return 0;
}
