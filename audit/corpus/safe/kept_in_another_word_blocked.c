// truth: safe: the program keeps the value of a word in another word only while the signal is blocked
// expect: pass
#include "corpus.h"
static volatile int count, draft;
static void on(int s) { (void)s; count = 0; }
int main(int argc, char **argv) {
    (void)argv;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    INSTALL(SIGUSR1, on);
    for (;;) {
        sigprocmask(SIG_BLOCK, &set, &old);
        draft = count;
        draft *= argc;
        count = draft;
        sigprocmask(SIG_SETMASK, &old, 0);
        pause();
    }
}
