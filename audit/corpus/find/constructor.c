// truth: find: a constructor installs the bad handler before main installs a good one
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
__attribute__((constructor)) static void early(void) { INSTALL(SIGTERM, bad); }
int main(void) { INSTALL(SIGINT, good); for (;;) pause(); }
