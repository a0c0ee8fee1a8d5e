/* The length in 32 bits, after which it waits, then the text at a pace, after which it waits for SIGUSR2. */
// dialect: head=len32,end=none,ack=message,ack-head=last,final=other,pace=300
// auto: yes, it stops after the length and after the text
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_head;

static void head(int sig) {
    (void)sig;
    g_head = 1;
}

static void end(int sig) {
    (void)sig;
    _exit(0);
}

static void send_bits(pid_t server, unsigned int value, int bits) {
    while (bits--) {
        kill(server, value >> bits & 1 ? SIGUSR2 : SIGUSR1);
        usleep(300);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, head);
    signal(SIGUSR2, end);
    send_bits(server, strlen(argv[2]), 32);
    while (!g_head)
        usleep(100);
    for (char *c = argv[2]; *c; c++)
        send_bits(server, (unsigned char)*c, 8);
    for (;;)
        pause();
}
