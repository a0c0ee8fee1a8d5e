// truth: unsafe: the sender's value is called
// expect: fail
#include "corpus.h"
static void on(int s, siginfo_t *i, void *c) { (void)s; (void)c; void (*f)(void) = (void (*)(void))i->si_value.sival_ptr; if (f) f(); }
MAIN_INFO(on)
