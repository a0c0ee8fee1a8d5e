/* A length of 16 bits, so many bytes, and no acknowledgement of anything. */
// dialect: head=len16,end=none,ack=none
// newline: yes
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[UINT16_MAX];
static unsigned length, bits;

static void on_bit(int sig) {
    unsigned bit = sig == SIGUSR2;

    if (bits < 16) {
        length = length << 1 | bit;
    } else {
        unsigned n = bits - 16;
        text[n / 8] = text[n / 8] << 1 | bit;
    }
    if (++bits >= 16 && bits == 16 + 8 * length) {
        fwrite(text, 1, length, stdout);
        putchar('\n');
        fflush(stdout);
        memset(text, 0, sizeof text);
        length = bits = 0;
    }
}

int main(void) {
    struct sigaction action = {.sa_handler = on_bit};

    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    printf("%d\n", (int)getpid());
    fflush(stdout);
    for (;;)
        pause();
}
