// truth: unsafe: the program keeps the word's address in a register, and subtracts from it in several instructions
// expect: fail
#include "corpus.h"
static int waiting;
static void handler(int s) { (void)s; __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST); }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) {
        pause();
        int taken = *(volatile int *)&waiting;
        printf("%d\n", taken);
        *(volatile int *)&waiting = *(volatile int *)&waiting - taken * 2 + 7;
    }
}
