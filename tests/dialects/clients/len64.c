/* A size_t goes ahead, all 64 bits of it, and counts the NUL too. */
// dialect: head=len64,counts-end=yes
// auto: yes, what comes first is the length of what follows, the NUL included
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_bit_received;

static void bit_received(int sig) {
    g_bit_received = sig;
}

static void send_size(pid_t pid, size_t n, size_t bits) {
    while (bits--) {
        g_bit_received = 0;
        if (kill(pid, (n >> bits) & 1 ? SIGUSR2 : SIGUSR1) == -1) {
            perror("Error");
            exit(1);
        }
        while (!g_bit_received)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    size_t size;
    size_t i = 0;
    pid_t pid;

    if (argc != 3)
        return 1;
    signal(SIGUSR1, bit_received);
    pid = atoi(argv[1]);
    size = strlen(argv[2]) + 1;
    send_size(pid, size, sizeof(size_t) * 8);
    while (i < size)
        send_size(pid, (unsigned char)argv[2][i++], 8);
    printf("%zu bytes sent\n", i);
    return 0;
}
