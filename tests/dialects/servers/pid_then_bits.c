/* Learns the client's PID from its first 32 bits, and acknowledges the last of those and each bit after them. */
// dialect: head=pid,ack-head=last
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pid_t g_client;

static void text_bit(int bit) {
    static unsigned char c;
    static int count;

    c = c << 1 | bit;
    if (++count == 8) {
        write(1, c ? (char *)&c : "\n", 1);
        if (c == 0) {
            kill(g_client, SIGUSR1);
            g_client = 0;
        }
        count = 0;
    }
    if (g_client)
        kill(g_client, SIGUSR1);
}

static void on_bit(int sig) {
    static unsigned pid;
    static int count;

    if (g_client) {
        text_bit(sig == SIGUSR2);
        return;
    }
    pid = pid << 1 | (sig == SIGUSR2);
    if (++count == 32) {
        g_client = pid;
        pid = count = 0;
        if (g_client > 1)
            kill(g_client, SIGUSR1);
    }
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_bit;
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
