// truth: find: a global that begins as one function and is changed to another
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void (*current)(int) = good;
NOINLINE void be_loud(void) { current = bad; }
int main(int argc, char **argv) { (void)argv; if (argc > 1) be_loud(); signal(SIGTERM, current); for (;;) pause(); }
