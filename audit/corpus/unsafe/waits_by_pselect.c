// truth: unsafe: the handler waits with its own signal unblocked between load and store
#include "corpus.h"
#include <sys/select.h>
static volatile unsigned long sum;
static void handler(int s) {
    int keep = errno; sigset_t none; struct timespec t = { 0, 1000 }; unsigned long v = sum; sigemptyset(&none);
    pselect(0, 0, 0, 0, &t, &none); sum = v * 3 + (unsigned)s; errno = keep;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%lu\n", sum); } }
