/* Its PID, the length as a size_t, the text and its NUL, all at a pace; nothing is answered before the end. */
// dialect: head=pid-len64,ack=message,pace=1000
// auto: yes, the PID is right, and after a length comes a text as long
// bytes: 40
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_arrived;

static void arrived(int sig) {
    g_arrived = sig;
}

static void send(pid_t server, size_t value, int bits) {
    while (bits--) {
        kill(server, value >> bits & 1 ? SIGUSR2 : SIGUSR1);
        usleep(1000);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, arrived);
    pid_t server = atoi(argv[1]);
    size_t length = strlen(argv[2]);
    send(server, getpid(), 32);
    send(server, length, 64);
    for (size_t i = 0; i <= length; i++)
        send(server, (unsigned char)argv[2][i], 8);
    for (int i = 0; i < 1000 && !g_arrived; i++)
        usleep(1000);
    return !g_arrived;
}
