// expect: open
// The saved frame pointers are followed as long as they point into the stack.
#include "corpus.h"
static volatile unsigned long deepest;
static void handler(int s, siginfo_t *i, void *u)
{
    (void)s; (void)i;
    ucontext_t *c = u;
    unsigned long *fp = (unsigned long *)c->uc_mcontext.gregs[REG_RBP], sp = c->uc_mcontext.gregs[REG_RSP];
    for (int n = 0; n < 32 && (unsigned long)fp >= sp && (unsigned long)fp < sp + 4096 && !((unsigned long)fp & 7); n++) {
        deepest = fp[1];
        fp = (unsigned long *)fp[0];
    }
}
MAIN_INFO(handler)
