/* SIGUSR1 once more after the last bit confirms the message. Two of them may come as one, so a second is all it waits. */
// dialect: final=twice
// auto: yes, plain, and it goes after a while
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acks;

static void count(int sig) {
    (void)sig;
    g_acks++;
}

static void send_byte(pid_t pid, unsigned char byte) {
    int bit, before;

    for (bit = 7; bit >= 0; bit--) {
        before = g_acks;
        if (kill(pid, byte >> bit & 1 ? SIGUSR2 : SIGUSR1) < 0)
            exit(1);
        while (g_acks == before)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    int bits = 0;

    if (argc != 3)
        return 1;
    signal(SIGUSR1, count);
    for (char *s = argv[2];; s++) {
        send_byte(atoi(argv[1]), *s);
        bits += 8;
        if (*s == '\0')
            break;
    }
    for (int ms = 0; ms < 1000 && g_acks <= bits; ms++)
        usleep(1000);
    printf(g_acks > bits ? "confirmed\n" : "sent\n");
    return 0;
}
