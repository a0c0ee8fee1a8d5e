// truth: safe: errno is changed on the way to _exit only, where nobody reads it again
#include "corpus.h"
volatile sig_atomic_t count;
static void handler(int s) {
    count = count + 1;
    if (count > 2) { (void)!write(2, "bye\n", 4); kill(getpid(), SIGWINCH); _exit(s); }
}
MAIN(handler)
