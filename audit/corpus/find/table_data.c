// truth: find: a table in writable data, relocated in a PIE
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct { const char *name; int sig; void (*h)(int); } table[] = {{"int", SIGINT, good}, {"term", SIGTERM, bad}, {0, 0, 0}};
int main(void) {
    for (int i = 0; table[i].name; i++) INSTALL(table[i].sig, table[i].h);
    for (;;) pause();
}
