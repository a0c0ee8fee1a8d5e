// truth: unsafe: the argument "in a handler" is changed by the helper before it looks at it
#include "corpus.h"
volatile sig_atomic_t force;
NOINLINE static void log_line(const char *text, int in_signal) {
    if (force) in_signal = 0;
    if (in_signal) { int saved = errno; (void)!write(2, text, strlen(text)); errno = saved; return; }
    fprintf(stderr, "%s", text);
}
static void handler(int s) { (void)s; log_line("signal\n", 1); }
MAIN(handler)
