// truth: unsafe: the whole siginfo (128 bytes) is copied into a global
#include "corpus.h"
siginfo_t last;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; last = *info; }
MAIN_INFO(handler)
