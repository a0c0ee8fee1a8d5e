/* Waits for a SIGUSR2 after each byte, at a pace within it; SIGUSR1 is for the end alone. */
// dialect: ack=byte,ack-signal=usr2,final=other
// auto: yes, it goes on after the other signal
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_bytes;
static volatile sig_atomic_t g_over;

static void on_answer(int sig) {
    if (sig == SIGUSR2)
        g_bytes++;
    else
        g_over = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);
    int sent = 0;

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    for (char *c = argv[2];; c++) {
        for (int i = 7; i >= 0; i--) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(500);
        }
        if (*c == '\0')
            break;
        sent++;
        while (g_bytes < sent)
            usleep(100);
    }
    while (!g_over)
        usleep(100);
    return 0;
}
