// truth: unsafe: puts the action back that was there before, which is another handler of the program that goes on, without errno
#include "corpus.h"
static struct sigaction before;
static volatile sig_atomic_t seen;
static void first(int s) { (void)s; seen = 1; }
static void on_fault(int s) {
    static const char text[] = "the program has a fault\n";
    write(2, text, sizeof text - 1);
    sigaction(s, &before, 0);
    raise(s);
}
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = first;
    sigaction(SIGFPE, &sa, 0);
    sa.sa_handler = on_fault;
    sigaction(SIGFPE, &sa, &before);
    for (;;) { pause(); printf("%d\n", (int)seen); }
}
