// truth: safe: the program counts down what the handler counts up, with the signals blocked meanwhile
#include "corpus.h"
static volatile sig_atomic_t waiting;
static void handler(int sig) { waiting++; }
static int next(void) {
    sigset_t all, old; int some;
    sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
    some = waiting > 0; if (some) waiting = waiting - 1;
    sigprocmask(SIG_SETMASK, &old, NULL);
    return some;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); while (next()) puts("one"); } }
