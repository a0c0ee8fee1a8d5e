/* Two authors: the length comes from its lowest bit up, the text from its highest bit down. */
// dialect: head=len32,head-order=lsb,end=none
// newline: yes
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int length, length_bits;

static int receive_length(int bit) {
    length += bit << length_bits;
    length_bits++;
    return length_bits == 32 && length == 0;
}

static int receive_text(int bit) {
    static int bits, c;

    c = c << 1 | bit;
    if (++bits == 8) {
        putchar(c);
        bits = c = 0;
        length--;
    }
    return length == 0;
}

static void handler(int sig, siginfo_t *info, void *context) {
    int bit = sig == SIGUSR2;

    (void)context;
    if (length_bits < 32 ? receive_length(bit) : receive_text(bit)) {
        printf("\n");
        fflush(stdout);
        length_bits = 0;
    }
    kill(info->si_pid, SIGUSR1);
}

int main(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("server %d\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
