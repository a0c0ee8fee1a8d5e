/* Lets time pass by counting, as usleep() is not on the list of allowed functions; so far that it takes longer than the
 * scheduler lets it keep a CPU that the server needs too. */
// dialect: ack=none,pace=5000
// auto: yes, it has no handler
// bytes: 4
// lossy: yes
#include <signal.h>
#include <stdlib.h>

static int ft_atoi(const char *s) {
    int n = 0;

    while (*s >= '0' && *s <= '9')
        n = n * 10 + (*s++ - '0');
    return n;
}

static void wait_a_bit(void) {
    volatile int i = 0;

    while (i < 10000000)
        i++;
}

static void send(int pid, unsigned char c) {
    int div = 128;

    while (div > 0) {
        if (c / div) {
            kill(pid, SIGUSR2);
            c %= div;
        } else
            kill(pid, SIGUSR1);
        div /= 2;
        wait_a_bit();
    }
}

int main(int ac, char **av) {
    if (ac != 3)
        return 1;
    while (*av[2])
        send(ft_atoi(av[1]), *av[2]++);
    send(ft_atoi(av[1]), 0);
    return 0;
}
