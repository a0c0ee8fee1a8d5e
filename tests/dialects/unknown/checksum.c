/* A length in 16 bits, a checksum in 16 bits (the sum of the bytes), and the text. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    g_taken = sig;
}

static void send_bit(pid_t server, int bit) {
    g_taken = 0;
    kill(server, bit ? SIGUSR2 : SIGUSR1);
    while (!g_taken)
        usleep(50);
}

static void send_number(pid_t server, unsigned long value, int bits) {
    while (bits-- > 0)
        send_bit(server, value >> bits & 1);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    const unsigned char *text = (const unsigned char *)argv[2];
    size_t length = strlen(argv[2]);

    signal(SIGUSR1, taken);
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += text[i];
    send_number(server, length, 16);
    send_number(server, sum, 16);
    for (size_t i = 0; i < length; i++)
        send_number(server, text[i], 8);
    return 0;
}
