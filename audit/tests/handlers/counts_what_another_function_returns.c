// expect: pass
// What the program stores is another word than the one that the handler changes and that a function returns.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile unsigned ticks, seen;
__attribute__((noinline)) static unsigned get(void) { return ticks; }
__attribute__((noinline)) static void set(unsigned value) { seen = value; }
static void handler(int s) { (void)s; __atomic_fetch_add(&ticks, 1, __ATOMIC_SEQ_CST); }
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        set(get() + 1);
        printf("%u\n", seen);
    }
}
