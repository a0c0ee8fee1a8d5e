// truth: find: sigaction is looked up by name at run time
#include "corpus.h"
#include <dlfcn.h>
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
int main(void) {
    int (*set)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_DEFAULT, "sigaction");
    struct sigaction sa;
    signal(SIGINT, good);
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = bad;
    if (set) set(SIGTERM, &sa, 0);
    for (;;) pause();
}
