// expect: undecided
// A function copies a structure out and back by memcpy; what the handler counts between is lost.
#include "corpus.h"
struct st { long hits, rounds, bytes[300]; };
static struct st all;
NOINLINE static void work(struct st *t) { t->rounds++; t->bytes[t->rounds % 300] += 3; }
NOINLINE static void refresh(struct st *of) { struct st t; memcpy(&t, of, sizeof t); work(&t); memcpy(of, &t, sizeof t); }
static void handler(int s) { (void)s; all.hits++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); refresh(&all); } }
