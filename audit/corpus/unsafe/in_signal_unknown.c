// truth: unsafe: the logger's argument comes from a global that says whether the program has started
#include "corpus.h"
static volatile int started;
NOINLINE static void log_line(const char *text, int in_signal) {
    if (in_signal) { int saved = errno; (void)!write(2, text, strlen(text)); errno = saved; return; }
    fprintf(stderr, "%s", text);
}
static void handler(int s) { (void)s; log_line("signal\n", started); }
int main(void) { log_line("start\n", 0); INSTALL(SIGUSR1, handler); started = 1; for (;;) pause(); }
