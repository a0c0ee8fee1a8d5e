/* Sends three strings: the length, as itoa() makes it, its PID likewise, and the text. */
// dialect: head=digits-pid
// auto: yes, as messages of their own the digits would have to be followed by something else
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
            usleep(40);
    }
}

static void send_string(pid_t pid, const char *text) {
    do
        send_char(pid, *text);
    while (*text++ != '\0');
}

int main(int argc, char **argv) {
    char digits[32];

    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    signal(SIGUSR1, next);
    sprintf(digits, "%zu", strlen(argv[2]));
    send_string(pid, digits);
    sprintf(digits, "%d", getpid());
    send_string(pid, digits);
    send_string(pid, argv[2]);
    return 0;
}
