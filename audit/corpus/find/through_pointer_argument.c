// truth: find: sigaction is handed to a function that calls it
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
typedef int setter(int, const struct sigaction *, struct sigaction *);
NOINLINE static void with(setter *set, int s, void (*h)(int)) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = h; set(s, &sa, 0); }
int main(void) { signal(SIGINT, good); with(sigaction, SIGTERM, bad); for (;;) pause(); }
