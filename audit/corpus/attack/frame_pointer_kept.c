// truth: unsafe: a global keeps the address of a local variable, which is gone when the handler returns
#include "corpus.h"
struct event { int number, code; };
const struct event *volatile last;
static void handler(int s) { volatile struct event e; e.number = s; e.code = 1; last = (const struct event *)&e; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); if (last) write(1, last->code ? "1" : "0", 1); } }
