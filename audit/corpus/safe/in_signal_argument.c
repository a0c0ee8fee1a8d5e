// truth: safe: the logger prints with stdio only if told that it is not in a handler, and the handler says it is
#include "corpus.h"
NOINLINE static void log_line(const char *text, int in_signal) {
    if (in_signal) {
        int saved = errno;
        (void)!write(2, text, strlen(text));
        errno = saved;
        return;
    }
    fprintf(stderr, "%s", text);
}
static void handler(int s) { (void)s; log_line("signal\n", 1); }
int main(void) { log_line("start\n", 0); INSTALL(SIGUSR1, handler); for (;;) pause(); }
