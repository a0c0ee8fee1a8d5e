/* The mandatory part and no more: no acknowledgement. The handlers keep each other out. */
// dialect: ack=none
#include <signal.h>
#include <unistd.h>

static void put_number(int n) {
    char c = '0' + n % 10;

    if (n >= 10)
        put_number(n / 10);
    write(1, &c, 1);
}

static void receive(int sig) {
    static int power = 128;
    static unsigned char c;

    if (sig == SIGUSR2)
        c += power;
    power /= 2;
    if (power == 0) {
        if (c)
            write(1, &c, 1);
        power = 128;
        c = 0;
    }
}

int main(void) {
    struct sigaction sa;

    sa.sa_handler = receive;
    sa.sa_flags = 0;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGUSR1);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, 0);
    sigaction(SIGUSR2, &sa, 0);
    put_number(getpid());
    write(1, "\n", 1);
    while (1)
        pause();
}
