/* Answers a knock, and then each bit of a length in digits and of a text. */
// dialect: hello=yes,head=digits,end=none
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum { CLOSED, LENGTH, TEXT } g_state;
static unsigned long g_left;

static void end_of_message(void) {
    write(1, "\n", 1);
    g_state = CLOSED;
    g_left = 0;
}

static void take(char c) {
    if (g_state == LENGTH && c != '\0') {
        g_left = g_left * 10 + (c - '0');
        return;
    }
    if (g_state == TEXT) {
        write(1, &c, 1);
        g_left--;
    }
    g_state = TEXT;
    if (g_left == 0)
        end_of_message();
}

static void on_bit(int sig, siginfo_t *info, void *context) {
    static int count;
    static char c;

    (void)context;
    if (g_state == CLOSED) {
        g_state = LENGTH;
    } else {
        c = c << 1 | (sig == SIGUSR2);
        if (++count == 8) {
            count = 0;
            take(c);
        }
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_sigaction = on_bit;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    printf("PID: %d\n", getpid());
    fflush(stdout);
    while (1)
        pause();
}
