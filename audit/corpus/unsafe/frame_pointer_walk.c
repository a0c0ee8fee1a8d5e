// truth: unsafe: a sampler follows the saved frame pointers of the interrupted code, which need be none
#include "corpus.h"
static volatile unsigned long deepest;
static void handler(int s, siginfo_t *i, void *u) { (void)s; (void)i; ucontext_t *c = u; unsigned long *fp = (unsigned long *)c->uc_mcontext.gregs[REG_RBP]; for (int n = 0; fp && n < 32; n++) { deepest = fp[1]; fp = (unsigned long *)fp[0]; } }
MAIN_INFO(handler)
