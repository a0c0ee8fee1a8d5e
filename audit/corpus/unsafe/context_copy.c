// truth: unsafe: the saved registers are overwritten by memcpy
#include "corpus.h"
static mcontext_t kept;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)info; memcpy(((ucontext_t *)context)->uc_mcontext.gregs, kept.gregs, sizeof kept.gregs); }
MAIN_INFO(handler)
