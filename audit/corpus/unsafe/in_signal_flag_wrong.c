// truth: unsafe: a logger is told by a bit of its argument that it runs in a handler, and the handler tells it the wrong bit
#include "corpus.h"
enum { URGENT = 1, IN_SIGNAL = 2 };
__attribute__((noinline)) static void say(int how, const char *text) {
    if (!(how & IN_SIGNAL)) { fprintf(stderr, "%s\n", text); return; }
    int keep = errno; write(2, text, strlen(text)); errno = keep;
}
static void handler(int s) { say(URGENT, "signal"); }
int main(int c, char **v) {
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    say(c, "begin"); say(IN_SIGNAL, "x");
    for (;;) pause();
}
