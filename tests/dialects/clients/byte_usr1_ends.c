/* SIGUSR2 is a byte taken, for which it waits at a pace. SIGUSR1 is the whole text, and its handler ends the program. */
// dialect: ack=byte,ack-signal=usr2,final=other
// auto: learned, the first of its program takes a SIGUSR1 after its first byte for the end
// bytes: 60
// lossy: yes
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_is_taken;

static void on_answer(int sig) {
    if (sig == SIGUSR1)
        _exit(0);
    g_is_taken = 1;
}

static void send_byte(pid_t server, char byte) {
    g_is_taken = 0;
    for (int bit = 128; bit; bit /= 2) {
        kill(server, byte & bit ? SIGUSR2 : SIGUSR1);
        usleep(500);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;

    signal(SIGUSR1, on_answer);
    signal(SIGUSR2, on_answer);
    for (size_t i = 0; i < strlen(argv[2]); i++) {
        send_byte(atoi(argv[1]), argv[2][i]);
        while (!g_is_taken)
            usleep(100);
    }
    send_byte(atoi(argv[1]), '\0');
    for (;;)
        pause();
}
