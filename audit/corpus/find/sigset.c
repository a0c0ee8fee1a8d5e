// truth: find: sigset
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
int main(void) { signal(SIGINT, good); sigset(SIGTERM, bad); for (;;) pause(); }
