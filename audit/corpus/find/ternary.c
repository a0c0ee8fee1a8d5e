// truth: find: one of two functions, by a conditional move
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
int main(int argc, char **argv) { (void)argv; signal(SIGTERM, argc > 1 ? bad : good); for (;;) pause(); }
