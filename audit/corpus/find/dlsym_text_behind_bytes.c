// truth: find: the name that dlsym is given lies behind bytes that are no text
#include "corpus.h"
#include <dlfcn.h>
static const struct { unsigned limit; char name[12]; } numbers = { 0x7fffffff, "sigaction" };
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
int main(void) {
    int (*set)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_DEFAULT, numbers.name);
    struct sigaction sa;
    signal(SIGINT, good);
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = bad;
    if (set && numbers.limit) set(SIGTERM, &sa, 0);
    for (;;) pause();
}
