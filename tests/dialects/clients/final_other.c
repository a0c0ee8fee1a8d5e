/* SIGUSR1 is a bit taken, SIGUSR2 the message: the handler of that says so and exits. */
// dialect: final=other
// auto: yes, the text is plain, and it stays until it has SIGUSR2
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile sig_atomic_t g_taken = 0;

void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

void finished(int sig) {
    (void)sig;
    if (write(1, "Message received\n", 17) < 0)
        exit(1);
    exit(0);
}

void send_char(unsigned char c, pid_t pid) {
    int i = 8;

    while (i-- > 0) {
        g_taken = 0;
        kill(pid, (c & (1 << i)) ? SIGUSR2 : SIGUSR1);
        while (!g_taken)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    char *s;

    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    signal(SIGUSR2, finished);
    s = argv[2];
    while (*s)
        send_char(*s++, atoi(argv[1]));
    send_char('\0', atoi(argv[1]));
    while (1)
        pause();
}
