// truth: safe: the function that calls the system saves errno itself, the handler need not
#include "corpus.h"
NOINLINE static void note(const char *text, size_t size) {
    int saved = errno;
    (void)!write(2, text, size);
    errno = saved;
}
static void handler(int s) { (void)s; note("one\n", 4); note("two\n", 4); }
MAIN(handler)
