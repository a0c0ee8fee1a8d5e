// truth: unsafe: a structure of two pointers copied by one vector store, which the machine may split
#include "corpus.h"
struct span { const char *begin, *end; };
static const struct span whole = {"", "" + 1};
struct span current;
static void handler(int s) { (void)s; current = whole; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { struct span c = *(volatile struct span *)&current; if (c.begin && c.end != c.begin + 1) abort(); } }
