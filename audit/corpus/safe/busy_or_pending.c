// truth: safe: the handler only notes the signal while the program marks its data as busy
// expect: open
#include "corpus.h"
static volatile sig_atomic_t busy, pending; static volatile int count;
static NOINLINE void add(int n) { count = count * 3 + n; }
static void on(int s) { (void)s; if (busy) { pending = 1; return; } add(1); }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        busy = 1;
        add(2);
        busy = 0;
        if (pending) {
            pending = 0;
            busy = 1;
            add(1);
            busy = 0;
        }
        pause();
    }
}
