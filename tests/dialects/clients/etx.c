/* Has looked at an ASCII table and found a character that means the end of a text. Waits with a sleep that the answer
 * interrupts; one that comes a moment too early costs 2 ms. */
// dialect: end=etx
// auto: yes, after ETX it ends
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define END_OF_TEXT 3

static volatile sig_atomic_t g_acknowledged;

static void acknowledge(int sig) {
    (void)sig;
    g_acknowledged = 1;
}

static void put_byte(pid_t pid, int byte) {
    for (int i = 7; i >= 0; i--) {
        g_acknowledged = 0;
        kill(pid, byte & (1 << i) ? SIGUSR2 : SIGUSR1);
        while (!g_acknowledged)
            usleep(2000);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = acknowledge;
    sigaction(SIGUSR1, &action, NULL);
    pid_t pid = atoi(argv[1]);
    for (int i = 0; argv[2][i]; i++)
        put_byte(pid, argv[2][i]);
    put_byte(pid, END_OF_TEXT);
    return 0;
}
