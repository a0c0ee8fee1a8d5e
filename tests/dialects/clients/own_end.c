/* Ends each text with the byte 127. Waits for each bit. */
// dialect: one=usr1,end=0x7f
// auto: yes, its end shows that the last byte is no text
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_byte(pid_t server, unsigned char byte) {
    for (int i = 7; i >= 0; i--) {
        g_taken = 0;
        kill(server, byte >> i & 1 ? SIGUSR1 : SIGUSR2);
        while (!g_taken)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    for (char *text = argv[2]; *text != '\0'; text++)
        send_byte(atoi(argv[1]), *text);
    send_byte(atoi(argv[1]), 127);
    return 0;
}
