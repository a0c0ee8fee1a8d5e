// expect: undecided
// One function saves a structure by memcpy, and another restores it; what the handler counts between is lost.
#include "corpus.h"
struct st { long hits, rounds, bytes[300]; };
static struct st all, kept;
NOINLINE static void save(void) { memcpy(&kept, &all, sizeof all); }
NOINLINE static void restore(void) { memcpy(&all, &kept, sizeof all); }
static void handler(int s) { (void)s; all.hits++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { save(); usleep(1); restore(); printf("%ld\n", all.hits); } }
