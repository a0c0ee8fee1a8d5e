// expect: undecided
// Nothing in the file changes the length, but its author says that it may change.
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile unsigned long length = 3;
static char text[256] = "abc";

static void on(int number) {
    char copy[64];
    memcpy(copy, text, length);
    (void)!write(2, copy, 1);
    _exit(0);
}

int main(void) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    for (;;)
        pause();
}
