/* The length first, as 32 bits, so that the server can allocate at once; nothing after the text. Tells how far it is. */
// dialect: head=len32,end=none
// auto: yes, what comes first is the length of what follows
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct s_client {
    pid_t server;
    volatile sig_atomic_t ready;
    volatile unsigned acks;
} t_client;

static t_client g_client;

static void on_ack(int sig) {
    (void)sig;
    g_client.ready = 1;
    if (++g_client.acks % 1024 == 0)
        printf("%u bits\n", g_client.acks);
}

static void send_bits(unsigned int value, int count) {
    for (int i = count - 1; i >= 0; i--) {
        g_client.ready = 0;
        if (value & (1u << i))
            kill(g_client.server, SIGUSR2);
        else
            kill(g_client.server, SIGUSR1);
        while (g_client.ready == 0)
            usleep(100);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    g_client.server = atoi(argv[1]);
    signal(SIGUSR1, on_ack);
    unsigned int length = strlen(argv[2]);
    send_bits(length, 32);
    for (unsigned int i = 0; i < length; i++)
        send_bits((unsigned char)argv[2][i], 8);
    return 0;
}
