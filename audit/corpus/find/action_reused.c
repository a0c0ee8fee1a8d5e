// truth: find: one structure is installed twice with different handlers in it
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = good;
    sigaction(SIGINT, &sa, 0);
    sa.sa_handler = bad;
    sigaction(SIGTERM, &sa, 0);
    for (;;) pause();
}
