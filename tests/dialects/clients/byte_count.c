/* Sends at a pace and waits for nothing. In the end it fails unless each byte was acknowledged. */
// dialect: ack=byte,pace=1000
// auto: learned, the first of its program is acknowledged once, and fails
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_count;

static void count(int sig) {
    (void)sig;
    g_count++;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    int length = strlen(argv[2]) + 1;

    signal(SIGUSR1, count);
    for (int i = 0; i < 8 * length; i++) {
        kill(atoi(argv[1]), argv[2][i / 8] >> (7 - i % 8) & 1 ? SIGUSR2 : SIGUSR1);
        usleep(1000);
    }
    for (int i = 0; i < 100 && g_count < length; i++)
        usleep(5000);
    return g_count != length;
}
