// truth: unsafe: the floating point state of the context is written through its pointer
#include "corpus.h"
static void handler(int s, siginfo_t *info, void *context) { (void)info; ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr = (unsigned)s; }
MAIN_INFO(handler)
