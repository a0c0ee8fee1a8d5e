/* Ends each text with the byte 127, and computes until the text is acknowledged. */
// dialect: one=usr1,end=0x7f,ack=message
// auto: yes, its silence behind a byte that is no text shows the end
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_received;

static void received(int sig) {
    (void)sig;
    g_received = 1;
}

static void send_byte(pid_t server, unsigned char byte) {
    for (int i = 7; i >= 0; i--) {
        kill(server, byte >> i & 1 ? SIGUSR1 : SIGUSR2);
        usleep(1000);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, received);
    for (char *text = argv[2]; *text != '\0'; text++)
        send_byte(atoi(argv[1]), *text);
    send_byte(atoi(argv[1]), 127);
    while (!g_received)
        continue;
    return 0;
}
