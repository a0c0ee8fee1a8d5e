/* Puts "PID:" before its text, for a server that has no siginfo_t, least significant bit first. */
// dialect: order=lsb,one=usr1,head=pid-digits
// auto: yes, no other text begins with the client's own PID
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_byte(pid_t server, unsigned char byte) {
    for (int i = 0; i < 8; i++, byte /= 2) {
        g_taken = 0;
        kill(server, byte % 2 ? SIGUSR1 : SIGUSR2);
        while (!g_taken)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    char own[16];

    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    snprintf(own, sizeof own, "%d:", getpid());
    for (char *c = own; *c; c++)
        send_byte(atoi(argv[1]), *c);
    for (char *c = argv[2]; *c; c++)
        send_byte(atoi(argv[1]), *c);
    send_byte(atoi(argv[1]), 0);
    return 0;
}
