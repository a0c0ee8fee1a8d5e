/* Puts SOH before the text and EOT after it. */
// dialect: head=stx,end=eot
// auto: yes, no text begins with a control character
#include <signal.h>
#include <stdlib.h>
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
    send_byte(pid, 1);
    for (char *c = argv[2]; *c; c++)
        send_byte(pid, *c);
    send_byte(pid, 4);
    return 0;
}
