// expect: open
// The kernel says whether the pointer may be read.
#include "corpus.h"
static volatile unsigned long caller;
static int null;
static void handler(int s, siginfo_t *i, void *u)
{
    (void)s; (void)i;
    int e = errno;
    unsigned long *fp = (unsigned long *)((ucontext_t *)u)->uc_mcontext.gregs[REG_RBP];
    if (write(null, fp, 16) == 16)
        caller = fp[1];
    errno = e;
}
int main(void) { null = open("/dev/null", O_WRONLY); INSTALL_INFO(SIGUSR1, handler); for (;;) pause(); }
