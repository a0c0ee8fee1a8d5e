/* SIGUSR2 is "may I?" and "yes", SIGUSR1 is "not now": then it sleeps for a second and asks again. Each bit waits for a SIGUSR2. */
// dialect: hello=yes,hello-signal=usr2,ack-signal=usr2
// auto: yes, after two SIGUSR1 it naps and asks again
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_yes;
static volatile sig_atomic_t g_no;

static void yes(int sig) {
    (void)sig;
    g_yes = 1;
}

static void no(int sig) {
    (void)sig;
    g_no = 1;
}

static void say(pid_t server, int sig) {
    g_yes = g_no = 0;
    if (kill(server, sig) == -1)
        exit(1);
    while (!g_yes && !g_no)
        usleep(50);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    pid_t server = atoi(argv[1]);

    signal(SIGUSR1, no);
    signal(SIGUSR2, yes);
    say(server, SIGUSR2);
    while (!g_yes) {
        sleep(1);
        say(server, SIGUSR2);
    }
    do {
        for (int i = 7; i >= 0; i--) {
            say(server, *argv[2] & 1 << i ? SIGUSR2 : SIGUSR1);
            while (!g_yes)
                usleep(50);
        }
    } while (*argv[2]++);
    return 0;
}
