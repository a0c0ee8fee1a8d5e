/* Sends its PID at a pace, and from then on, the length and the text, the next bit when the last one is answered. */
// dialect: order=lsb,one=usr1,head=pid-len32,end=none
// auto: yes, the PID is right, and after as many bytes as the length says it ends
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

static void send_bit(pid_t server, int bit) {
    g_taken = 0;
    kill(server, bit ? SIGUSR1 : SIGUSR2);
}

static void send_acknowledged(pid_t server, int value, int bits) {
    for (int i = 0; i < bits; i++) {
        send_bit(server, value >> i & 1);
        while (!g_taken)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    signal(SIGUSR1, taken);
    for (int i = 0; i < 31; i++) {
        send_bit(server, getpid() >> i & 1);
        usleep(1000);
    }
    send_acknowledged(server, getpid() >> 31, 1);
    send_acknowledged(server, (int)strlen(argv[2]), 32);
    for (char *text = argv[2]; *text != '\0'; text++)
        send_acknowledged(server, *text, 8);
    return 0;
}
