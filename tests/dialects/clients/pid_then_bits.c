/* Its server does not look at siginfo_t: 32 bits of PID at a pace, then it waits to be told that the server knows it, and from
 * then on for each bit. */
// dialect: head=pid,ack-head=last,pace=500
// auto: yes, the first stop is after 32 bits
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void wait_for_server(void) {
    while (!g_taken)
        usleep(50);
    g_taken = 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    pid_t server = atoi(argv[1]);
    for (int i = 31; i >= 0; i--) {
        kill(server, getpid() >> i & 1 ? SIGUSR2 : SIGUSR1);
        usleep(500);
    }
    wait_for_server();
    char *c = argv[2];
    do {
        for (int i = 7; i >= 0; i--) {
            kill(server, *c >> i & 1 ? SIGUSR2 : SIGUSR1);
            wait_for_server();
        }
    } while (*c++);
    return 0;
}
