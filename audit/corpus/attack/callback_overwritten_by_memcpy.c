// truth: unsafe: the handler calls through a pointer in data that memcpy overwrites
#include "corpus.h"
static volatile sig_atomic_t f;
NOINLINE static void quiet(int s) { f = s; }
NOINLINE static void loud(int s) { printf("%d\n", s); }
struct hooks { int n; void (*run)(int); };
static struct hooks hooks = {1, quiet};
static const struct hooks noisy = {2, loud};
static void handler(int s) { hooks.run(s); }
int main(int argc, char **argv) { (void)argv; INSTALL(SIGUSR1, handler); memcpy(&hooks, &noisy, argc > 1 ? sizeof hooks : 0); for (;;) pause(); }
