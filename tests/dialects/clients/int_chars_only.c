/* Shifts each character by 31 to 0, as if it were an int, and sends nothing behind the last. Waits for each bit. */
// dialect: one=usr1,end=none,char-bits=32
// auto: yes, three bytes of four are 0, and it ends
// bytes: 60
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_taken;

static void taken(int sig) {
    (void)sig;
    g_taken = 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    signal(SIGUSR1, taken);
    for (char *c = argv[2]; *c; c++) {
        for (int i = 31; i >= 0; i--) {
            g_taken = 0;
            kill(atoi(argv[1]), *c >> i & 1 ? SIGUSR1 : SIGUSR2);
            while (!g_taken)
                usleep(20);
        }
    }
    return 0;
}
