// truth: find: a structure in data with the good handler is overwritten by memcpy from one with the bad one
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
struct setup { int number; void (*h)(int); };
static struct setup now = {SIGUSR1, good};
static const struct setup loud = {SIGUSR1, bad};
int main(int argc, char **argv) { size_t n = argc > 1 ? sizeof now : 0; (void)argv; memcpy(&now, &loud, n); signal(now.number, now.h); for (;;) pause(); }
