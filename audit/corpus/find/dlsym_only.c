// truth: find: the only registration goes through dlsym, so that no signal function is imported
#include "corpus.h"
#include <dlfcn.h>
static void bad(int s) { printf("%d\n", s); }
int main(void) {
    void (*(*set)(int, void (*)(int)))(int) = dlsym(RTLD_NEXT, "signal");
    if (set) set(SIGTERM, bad);
    for (;;) pause();
}
