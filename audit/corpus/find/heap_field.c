// truth: find: the handler comes from a field of a structure on the heap that another function filled
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
struct app { char name[32]; void (*on_term)(int); };
NOINLINE static struct app *make(void) { struct app *a = calloc(1, sizeof *a); a->on_term = bad; return a; }
NOINLINE static void start(struct app *a) { INSTALL(SIGTERM, a->on_term); }
int main(void) { signal(SIGINT, good); start(make()); for (;;) pause(); }
