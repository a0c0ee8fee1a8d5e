/* Sends its PID as a text, with a NUL, before the text proper: for servers that do not ask the kernel who sent a signal. */
// dialect: head=pid-digits
// auto: yes, no other text begins with the client's own PID
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_ok;

static void on_ok(int sig) {
    (void)sig;
    g_ok = 1;
}

static void send_string(pid_t pid, const char *s) {
    do {
        for (int i = 0; i < 8; i++) {
            g_ok = 0;
            kill(pid, (*s << i) & 128 ? SIGUSR2 : SIGUSR1);
            while (!g_ok)
                usleep(50);
        }
    } while (*s++ != '\0');
}

int main(int argc, char **argv) {
    char own[16];

    if (argc != 3)
        return 1;
    signal(SIGUSR1, on_ok);
    sprintf(own, "%d", getpid());
    send_string(atoi(argv[1]), own);
    send_string(atoi(argv[1]), argv[2]);
    return 0;
}
