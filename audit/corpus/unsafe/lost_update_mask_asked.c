// truth: unsafe: the program asks for its mask and changes nothing, and a signal is lost while it counts down
// expect: fail
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
int main(void) {
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); while (waiting > 0) { puts("one"); waiting = (waiting - 1) % 7; } }
}
