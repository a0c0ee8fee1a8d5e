// expect: pass
// The handler clears a pointer that the program follows with the signal blocked.
#include "corpus.h"
static struct conn { volatile long n; } one; static struct conn *volatile cur = &one;
static void handler(int s) { (void)s; cur = 0; }
int main(void) { sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1); INSTALL(SIGUSR1, handler); for (;;) { sigprocmask(SIG_BLOCK, &set, &old); if (cur) cur->n++; sigprocmask(SIG_SETMASK, &old, 0); usleep(1); } }
