/* Has one function that sends an int, and sends each character with it, the lowest bit first. */
// dialect: order=lsb,char-bits=32
// auto: yes, three bytes of four are 0
// bytes: 60
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_go;

static void go(int sig) {
    (void)sig;
    g_go = 1;
}

static void send_int(pid_t pid, int n) {
    for (int i = 0; i < 32; i++) {
        g_go = 0;
        kill(pid, (n >> i) & 1 ? SIGUSR2 : SIGUSR1);
        while (!g_go)
            usleep(20);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, go);
    pid_t pid = atoi(argv[1]);
    for (unsigned char *c = (unsigned char *)argv[2]; *c; c++)
        send_int(pid, *c);
    send_int(pid, 0);
    return 0;
}
