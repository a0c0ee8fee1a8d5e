/* Knocks with SIGUSR1, then sends the length in digits, as itoa() made it, and the text. */
// dialect: hello=yes,head=digits,end=none
// auto: yes, but the digits and their NUL are a text, behind which a handler could have gone on
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_answered;

static void answered(int sig) {
    (void)sig;
    g_answered = 1;
}

static void send_signal(pid_t pid, int sig) {
    g_answered = 0;
    kill(pid, sig);
    while (!g_answered)
        usleep(50);
}

static void send_char(pid_t pid, unsigned char c) {
    for (int bit = 7; bit >= 0; bit--)
        send_signal(pid, c >> bit & 1 ? SIGUSR2 : SIGUSR1);
}

int main(int argc, char **argv) {
    char digits[32];

    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    signal(SIGUSR1, answered);
    send_signal(pid, SIGUSR1);
    int count = sprintf(digits, "%zu", strlen(argv[2]));
    for (int i = 0; i <= count; i++)
        send_char(pid, digits[i]);
    for (char *c = argv[2]; *c != '\0'; c++)
        send_char(pid, *c);
    return 0;
}
