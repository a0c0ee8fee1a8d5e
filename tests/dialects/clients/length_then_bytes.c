/* Sends an int with the length at a pace, from the lowest bit, and so each byte of the text, behind which it waits. Nothing behind
 * the last: SIGUSR2 says that the text is there. */
// dialect: order=lsb,head=len32,end=none,ack=byte,ack-head=no,final=other,pace=400
// auto: yes, it first stops a byte after the length
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void on_answer(int sig) {
    if (sig == SIGUSR2) {
        write(1, "Received\n", 9);
        exit(0);
    }
    g_taken = 1;
}

static void send_bits(pid_t server, unsigned value, int count) {
    for (int i = 0; i < count; i++) {
        kill(server, value >> i & 1 ? SIGUSR2 : SIGUSR1);
        usleep(400);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    send_bits(server, strlen(argv[2]), 32);
    for (char *c = argv[2]; *c; c++) {
        g_taken = 0;
        send_bits(server, (unsigned char)*c, 8);
        while (!g_taken)
            usleep(100);
    }
    while (1)
        pause();
}
