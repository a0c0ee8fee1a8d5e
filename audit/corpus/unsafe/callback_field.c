// truth: unsafe: calls back through a field of a structure in writable data, which main fills with a function that prints
#include "corpus.h"
struct loop { int running; void (*on_signal)(struct loop *, int); void *data; };
static struct loop the_loop;
__attribute__((noinline)) static void report(struct loop *l, int s) { printf("signal %d\n", s); l->running = 0; }
static void handler(int s) { int keep = errno; if (the_loop.on_signal) the_loop.on_signal(&the_loop, s); errno = keep; }
int main(void) {
    the_loop.on_signal = report;
    the_loop.running = 1;
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    while (the_loop.running) pause();
}
