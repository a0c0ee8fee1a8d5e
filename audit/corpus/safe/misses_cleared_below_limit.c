// truth: safe: the handler clears a number that the program raises while it is below a limit, which zero is too
#include "corpus.h"
#include <stdatomic.h>
static atomic_int misses;
static void handler(int s) { (void)s; atomic_store(&misses, 0); }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) {
        sleep(1);
        if (atomic_load(&misses) < 10) atomic_fetch_add(&misses, 1);
        else puts("no sign of life");
    }
}
