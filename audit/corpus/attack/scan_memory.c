// truth: unsafe: the end of a text is looked for by repne scasb, from a pointer that main sets to null at times
#include "corpus.h"
static char *volatile text;
static volatile sig_atomic_t f;
NOINLINE static void forget(void) { text = 0; }
static void handler(int s) {
    long n = -1; const char *p = text; (void)s;
    __asm__ volatile("repne scasb" : "+D"(p), "+c"(n) : "a"(0) : "memory");
    f = (int)-n;
}
int main(int c, char **v) { text = v[0]; INSTALL(SIGUSR1, handler); for (;;) { text = v[c & 1]; forget(); } }
