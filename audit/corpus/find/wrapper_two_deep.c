// truth: find: two wrappers, the arguments in another order in the outer
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static int inner(int s, void (*h)(int), int flags) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = h; sa.sa_flags = flags; return sigaction(s, &sa, 0); }
NOINLINE static int outer(void (*h)(int), const char *name, int s) { if (inner(s, h, SA_RESTART)) { perror(name); return -1; } return 0; }
int main(void) { outer(good, "good", SIGINT); outer(bad, "bad", SIGTERM); for (;;) pause(); }
