// truth: doubt: a null check of a pointer in memory, which is read again behind the check: safe in a program of one thread
#include "corpus.h"
struct config { volatile int level; };
struct config *volatile config;
volatile sig_atomic_t level;
static void handler(int s) { (void)s; if (config) level = config->level; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { struct config *c = malloc(sizeof *c); c->level = 1; config = c; pause(); config = 0; free(c); } }
