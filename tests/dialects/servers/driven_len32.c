/* Reads a length and as many characters, each from the least significant bit. SIGUSR1 acknowledges each bit but the last, which
 * SIGUSR2 acknowledges instead. */
// dialect: order=lsb,head=len32,end=none,final=other
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned length;
static unsigned received;
static char *text;

static void on_bit(int sig, siginfo_t *info, void *context) {
    unsigned at = received++;
    unsigned bit = sig == SIGUSR2;

    (void)context;
    if (at < 32)
        length |= bit << at;
    else
        text[at / 8 - 4] |= bit << at % 8;
    if (received == 32)
        text = calloc(length + 1, 1);
    if (received >= 32 && received == 32 + 8 * length) {
        write(1, text, length);
        free(text);
        received = length = 0;
        kill(info->si_pid, SIGUSR2);
    } else {
        kill(info->si_pid, SIGUSR1);
    }
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_bit;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
