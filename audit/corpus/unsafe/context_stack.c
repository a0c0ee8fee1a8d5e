// truth: unsafe: the saved stack pointer is changed
#include "corpus.h"
static char other[65536];
static void handler(int s, siginfo_t *info, void *context) { ucontext_t *c = context; (void)s; (void)info; c->uc_mcontext.gregs[REG_RSP] = (long)(other + sizeof other); }
MAIN_INFO(handler)
