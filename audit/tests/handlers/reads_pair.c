// expect: undecided
#include "corpus.h"
static char few[4] = "ab\n", many[512];
static struct { const char *volatile text; volatile size_t length; } line = { few, 4 };
static void handler(int s) { int saved = errno; (void)s; (void)!write(2, line.text, line.length); errno = saved; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); line.text = many; line.length = sizeof many; pause(); line.text = few; line.length = sizeof few; }
}
