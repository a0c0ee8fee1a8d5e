// truth: unsafe: a helper moves the saved instruction pointer on
#include "corpus.h"
NOINLINE static void skip(ucontext_t *c, long n) { c->uc_mcontext.gregs[REG_RIP] += n; }
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)info; skip(context, 2); }
int main(void) { INSTALL_INFO(SIGSEGV, handler); for (;;) pause(); }
