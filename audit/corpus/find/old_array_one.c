// truth: find: one element of an array of old actions has the bad handler from the beginning
#include "corpus.h"
static void bad(int s) { printf("%d\n", s); }
static struct sigaction old[32] = {[SIGTERM] = {.sa_handler = bad}};
static void handler(int s) { sigaction(s, &old[s & 31], 0); raise(s); _exit(128 + s); }
int main(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    sigaction(SIGSEGV, &a, &old[SIGSEGV]);
    sigaction(SIGBUS, &a, &old[SIGBUS]);
    for (;;) pause();
}
