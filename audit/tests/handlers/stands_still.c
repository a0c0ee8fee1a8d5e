// expect: open
#include <signal.h>
#include <unistd.h>
static volatile int freezes;
static void on(int s) {
    (void)s;
    if (freezes)
        for (;;) pause();
    _exit(1);
}
int main(int argc, char **argv) {
    (void)argv;
    freezes = argc > 1;
    signal(SIGSEGV, on);
    return pause();
}
