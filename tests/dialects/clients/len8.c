/* Sends the length in one byte before the text, which is too short for longer ones. */
// dialect: head=len8,end=none
// auto: yes, as many bytes follow as the first one says
// bytes: 255
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
    for (int i = 7; i >= 0; i--) {
        g_taken = 0;
        kill(pid, byte >> i & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_taken)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    signal(SIGUSR1, taken);
    if (strlen(argv[2]) > 255)
        return 1;
    send_byte(pid, strlen(argv[2]));
    for (char *c = argv[2]; *c; c++)
        send_byte(pid, *c);
    return 0;
}
