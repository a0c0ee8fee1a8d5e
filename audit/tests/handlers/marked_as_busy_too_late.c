// expect: undecided
// The program marks its list as busy only after the first change.
#include "corpus.h"
struct node { struct node *next; int v; }; static struct node pool[8], *volatile head; static volatile sig_atomic_t busy; static volatile int count;
static void on(int s) { (void)s; if (busy) return; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        int c = count;
        busy = 1;
        count = c * 2;
        busy = 0;
        pause();
    }
}
