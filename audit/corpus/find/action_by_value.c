// truth: find: the structure is handed to a wrapper by value, on the stack
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void put(int s, struct sigaction sa) { sigaction(s, &sa, 0); }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = bad; signal(SIGINT, good); put(SIGTERM, sa); for (;;) pause(); }
