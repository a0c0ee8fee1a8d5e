// truth: unsafe: the context is handed to swapcontext, which leaves the handler
#include "corpus.h"
static ucontext_t other;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)info; swapcontext(&other, context); }
MAIN_INFO(handler)
