// truth: safe: the handler writes a text that the program frees after it has stored the next one
// expect: pass
#include "corpus.h"
static char *volatile text;
static void handler(int s) {
    int saved = errno;
    char *p = text;
    (void)s;
    if (p) (void)!write(2, p, 8);
    errno = saved;
}
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); char *next = strdup("nameless"), *old = text; text = next; free(old); }
}
