/* SIGUSR2 acknowledges a bit. SIGUSR1 is the end, after which it waits for nothing. */
// dialect: order=lsb,head=len16,end=none,ack-signal=usr2,final=other
// auto: learned, the first of its program no longer waits after a SIGUSR1
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;
static volatile sig_atomic_t g_end;

static void on_answer(int sig) {
    if (sig == SIGUSR2)
        g_taken = 1;
    else
        g_end = 1;
}

static void send_bits(pid_t server, unsigned value, int count) {
    for (int i = 0; i < count; i++) {
        g_taken = 0;
        kill(server, value >> i & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_taken && !g_end)
            usleep(40);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    send_bits(server, strlen(argv[2]), 16);
    for (const char *s = argv[2]; *s; s++)
        send_bits(server, (unsigned char)*s, 8);
    while (!g_end)
        usleep(40);
    return 0;
}
