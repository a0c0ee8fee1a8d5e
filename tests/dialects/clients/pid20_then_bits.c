/* Its server knows no siginfo_t and Linux no PID of more than 22 bits, so it sends 20 of its own, at a pace; then it waits, and
 * from then on for each bit. */
// dialect: head=pid,ack-head=last,final=same,pace=500
// auto: yes, the first stop is after the PID that the kernel states too
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_known;

static void on_usr1(int sig) {
    (void)sig;
    g_known = 1;
}

static void await_server(void) {
    while (!g_known)
        usleep(100);
    g_known = 0;
}

int main(int argc, char **argv) {
    pid_t me = getpid();
    pid_t server;

    if (argc != 3)
        return 1;
    server = atoi(argv[1]);
    signal(SIGUSR1, on_usr1);
    for (int mask = 1 << 19; mask; mask >>= 1) {
        kill(server, me & mask ? SIGUSR2 : SIGUSR1);
        usleep(500);
    }
    await_server();
    for (char *c = argv[2];; c++) {
        for (int mask = 128; mask; mask >>= 1) {
            kill(server, *c & mask ? SIGUSR2 : SIGUSR1);
            await_server();
        }
        if (*c == '\0')
            return 0;
    }
}
