// truth: unsafe: calls what was registered at run time, which allocates
#include "corpus.h"
typedef void callback(int); static callback *on_event;
void set_callback(callback *f) { on_event = f; }
static void allocates(int s) { char *p = malloc((size_t)s); if (p) { p[0] = 1; free(p); } }
static void handler(int s) { if (on_event) on_event(s); }
int main(void) { set_callback(allocates); INSTALL(SIGUSR1, handler); for (;;) pause(); }
