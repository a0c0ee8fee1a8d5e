/* Sends the length in digits on a line of its own, as dprintf(fd, "%zu\n") would, and then the text without an end. */
// dialect: head=digits,end=none
// auto: yes, no text of so many bytes stands behind a line with their number
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

static void send_string(pid_t server, const char *text) {
    for (; *text; text++)
        for (int bit = 7; bit >= 0; bit--) {
            g_taken = 0;
            kill(server, *text >> bit & 1 ? SIGUSR2 : SIGUSR1);
            while (!g_taken)
                usleep(50);
        }
}

int main(int argc, char **argv) {
    char line[32];

    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    snprintf(line, sizeof line, "%zu\n", strlen(argv[2]));
    send_string(atoi(argv[1]), line);
    send_string(atoi(argv[1]), argv[2]);
    return 0;
}
