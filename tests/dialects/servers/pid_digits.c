/* Uses signal(), so that it does not know who signals: the first string is the client's PID. Acknowledges each bit once it knows
 * whom to thank, and never anybody but that client. */
// dialect: head=pid-digits,ack=message
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char g_own[16];
static int g_length;
static pid_t g_client;

static void take(char c) {
    if (g_client == 0) {
        g_own[g_length++ % 15] = c;
        if (c == '\0') {
            g_client = atoi(g_own);
            g_length = 0;
        }
    } else if (c != '\0') {
        write(1, &c, 1);
    } else {
        write(1, "\n", 1);
        if (g_client > 1)
            kill(g_client, SIGUSR1);
        g_client = 0;
    }
}

static void on_bit(int sig) {
    static int count;
    static char c;

    c = c << 1 | (sig == SIGUSR2);
    if (++count == 8) {
        count = 0;
        take(c);
    }
}

int main(void) {
    struct sigaction sa = {.sa_handler = on_bit};

    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
