// truth: find: the program has a sigaction of its own, in front of the C library's, and installs another handler than it is given
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
int sigaction(int s, const struct sigaction *sa, struct sigaction *old) {
    struct kernel_action k = {bad, 0, 0, 0};
    (void)old;
    return sa ? (int)syscall(SYS_rt_sigaction, s, &k, 0, 8) : 0;
}
int main(void) { INSTALL(SIGTERM, good); for (;;) pause(); }
