/* Knows SIGUSR1 alone. Naps after each acknowledgement and ends on one more after the last, for which it waits for ever. */
// dialect: final=twice
// auto: yes, it gets the last one again when it has slept for long
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_acked;

static void note(int sig) {
    (void)sig;
    g_acked = 1;
}

static void await_ack(void) {
    do
        pause();
    while (!g_acked);
    g_acked = 0;
}

int main(int argc, char **argv) {
    pid_t pid;
    char *s;
    int bit;

    if (argc != 3)
        return 1;
    pid = atoi(argv[1]);
    signal(SIGUSR1, note);
    for (s = argv[2];; s++) {
        for (bit = 7; bit >= 0; bit--) {
            if (kill(pid, *s >> bit & 1 ? SIGUSR2 : SIGUSR1) < 0)
                return 1;
            await_ack();
            usleep(300);
        }
        if (*s == '\0')
            break;
    }
    await_ack();
    return 0;
}
