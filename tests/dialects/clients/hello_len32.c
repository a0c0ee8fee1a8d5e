/* Knocks, sends an int with the length from its lowest bit up and the text likewise, and waits for SIGUSR2 at the end. */
// dialect: order=lsb,hello=yes,head=len32,end=none,final=other
// auto: yes, but a length below 256 is a text of one letter, behind which a handler could have gone on
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_answered;
static volatile sig_atomic_t g_done;

static void on_answer(int sig) {
    if (sig == SIGUSR1)
        g_answered = 1;
    else
        g_done = 1;
}

static void send_signal(pid_t pid, int sig) {
    g_answered = 0;
    kill(pid, sig);
    while (!g_answered && !g_done)
        usleep(40);
}

static void send_bits(pid_t pid, unsigned value, int count) {
    for (int bit = 0; bit < count; bit++)
        send_signal(pid, value >> bit & 1 ? SIGUSR2 : SIGUSR1);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t pid = atoi(argv[1]);
    unsigned length = strlen(argv[2]);
    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    send_signal(pid, SIGUSR1);
    send_bits(pid, length, 32);
    for (unsigned i = 0; i < length; i++)
        send_bits(pid, (unsigned char)argv[2][i], 8);
    while (!g_done)
        usleep(1000);
    return 0;
}
