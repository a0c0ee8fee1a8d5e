// truth: unsafe: calls the callbacks of a writable table that a function fills, one of which allocates
#include "corpus.h"
typedef void (*callback)(int);
static callback callbacks[8];
static int count;
__attribute__((noinline)) static void add(callback f) { if (count < 8) callbacks[count++] = f; }
static volatile sig_atomic_t flag;
static void set(int s) { flag = s; }
static void note(int s) { char *p = malloc(32); if (p) { p[0] = s; free(p); } }
static void handler(int s) { int keep = errno; for (int i = 0; i < count; i++) callbacks[i](s); errno = keep; }
int main(void) {
    add(set); add(note);
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGUSR2, &a, 0);
    for (;;) pause();
}
