// truth: find: a function returns the structure by value
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static struct sigaction make(void (*h)(int)) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = h; return sa; }
int main(void) { struct sigaction a = make(good), b = make(bad); sigaction(SIGINT, &a, 0); sigaction(SIGTERM, &b, 0); for (;;) pause(); }
