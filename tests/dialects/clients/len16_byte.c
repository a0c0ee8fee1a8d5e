/* The length in 16 bits. Bits go at a pace of 300 us; after each byte it waits for a SIGUSR2. */
// dialect: head=len16,end=none,ack=byte,ack-signal=usr2,pace=300
// auto: yes, it goes on without an answer until it has sent eight bits
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_byte(pid_t pid, unsigned char byte) {
    g_taken = 0;
    for (int i = 7; i >= 0; i--) {
        kill(pid, byte >> i & 1 ? SIGUSR2 : SIGUSR1);
        usleep(300);
    }
    while (!g_taken)
        usleep(100);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    size_t length = strlen(argv[2]);
    signal(SIGUSR2, taken);
    send_byte(pid, length >> 8);
    send_byte(pid, length & 255);
    for (size_t i = 0; i < length; i++)
        send_byte(pid, argv[2][i]);
    return 0;
}
