// truth: unsafe: the logger's argument says "not in a handler", from the handler
#include "corpus.h"
NOINLINE static void log_line(const char *text, int in_signal) {
    if (in_signal) { int saved = errno; (void)!write(2, text, strlen(text)); errno = saved; return; }
    fprintf(stderr, "%s", text);
}
static void handler(int s) { (void)s; log_line("signal\n", 0); }
int main(void) { log_line("start\n", 1); INSTALL(SIGUSR1, handler); for (;;) pause(); }
