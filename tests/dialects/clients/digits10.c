/* Sends the length in ten digits, as printf("%010zu") made it, and then the text without an end. */
// dialect: head=digits10,end=none
// auto: yes, as part of the text the digits would be rarer
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_next;

static void next(int sig) {
    (void)sig;
    g_next = 1;
}

static void send_char(pid_t pid, unsigned char c) {
    for (int i = 0; i < 8; i++) {
        g_next = 0;
        kill(pid, (c << i) & 0x80 ? SIGUSR2 : SIGUSR1);
        while (!g_next)
            usleep(80);
    }
}

int main(int argc, char **argv) {
    char digits[32];
    pid_t pid;

    if (argc != 3)
        return 1;
    pid = atoi(argv[1]);
    signal(SIGUSR1, next);
    int count = sprintf(digits, "%010zu", strlen(argv[2]));
    for (int i = 0; i < count; i++)
        send_char(pid, digits[i]);
    for (int i = 0; argv[2][i] != '\0'; i++)
        send_char(pid, argv[2][i]);
    return 0;
}
