// truth: safe: a thread-local count that the handler alone changes, in a program with threads
// expect: pass
#include "corpus.h"
static __thread volatile sig_atomic_t hits;
static void on(int s) { (void)s; hits = hits + 1; }
static void *work(void *p) { for (;;) { pause(); printf("%d\n", (int)hits); } return p; }
int main(void) {
    INSTALL(SIGUSR1, on); pthread_t t; pthread_create(&t, 0, work, 0);
    for (;;) {
        pause();
        printf("%d\n", (int)hits);
    }
}
