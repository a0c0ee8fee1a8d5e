// truth: unsafe: a pointer that the sender chose (si_value) is read through
#include "corpus.h"
volatile sig_atomic_t n;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; n = *(volatile int *)info->si_value.sival_ptr; }
MAIN_INFO(handler)
