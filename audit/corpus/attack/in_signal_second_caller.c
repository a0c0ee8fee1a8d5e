// truth: unsafe: of two calls of the logger in the handler, the second says "not in a handler"
#include "corpus.h"
NOINLINE static void log_line(const char *text, int in_signal) {
    if (in_signal) { int saved = errno; (void)!write(2, text, strlen(text)); errno = saved; return; }
    fprintf(stderr, "%s", text);
}
volatile sig_atomic_t quiet;
NOINLINE static void details(int s) { log_line("details\n", quiet + s == 99 ? 0 : 1); }
static void handler(int s) { log_line("signal\n", 1); details(s); }
MAIN(handler)
