// expect: pass
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int waiting;

static void on(int s) { (void)s; waiting++; }

static void block(int how, sigset_t *old) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(how, how == SIG_BLOCK ? &all : old, how == SIG_BLOCK ? old : 0);
}

static __attribute__((noinline)) int next(void) {
    sigset_t old;
    block(SIG_BLOCK, &old);
    int some = waiting > 0;
    if (some) waiting = waiting - 1;
    block(SIG_SETMASK, &old);
    return some;
}

int main(void) {
    signal(SIGUSR1, on);
    for (;;) {
        pause();
        while (next()) puts("one");
    }
}
