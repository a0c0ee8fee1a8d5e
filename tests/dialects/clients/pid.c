/* Has not heard of siginfo_t: its own PID goes ahead of the text, and the server confirms the whole message by it. */
// dialect: head=pid,ack=message,pace=500
// auto: yes, the first 32 bits are the PID that the kernel states too
// bytes: 100
// lossy: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t confirmed;

static void on_confirmation(int sig) {
    (void)sig;
    confirmed = 1;
}

static void send_number(pid_t server, unsigned int number, int bits) {
    while (bits > 0) {
        bits--;
        kill(server, number >> bits & 1 ? SIGUSR2 : SIGUSR1);
        usleep(500);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, on_confirmation);
    pid_t server = atoi(argv[1]);
    send_number(server, getpid(), 32);
    for (char *c = argv[2]; *c; c++)
        send_number(server, (unsigned char)*c, 8);
    send_number(server, 0, 8);
    while (!confirmed)
        usleep(500);
    puts("confirmed");
    return 0;
}
