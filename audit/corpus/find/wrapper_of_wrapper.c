// truth: find: a function keeps a handler in a table and jumps to the function that installs it
#include "corpus.h"
struct trap { int number; void (*now)(int); };
static struct trap traps[4];
static void bad(int s) { printf("%d\n", s); }
NOINLINE static int install(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    return sigaction(number, &action, 0);
}
NOINLINE static int set(struct trap *trap, void (*handler)(int)) { trap->now = handler; return install(trap->number, handler); }
int main(int c, char **v) {
    (void)v;
    traps[1].number = SIGUSR1;
    if (c > 1) set(&traps[1], bad);
    for (;;) pause();
}
