// expect: fail
// Between load and store another context runs, in which the signal is not blocked.
#include "corpus.h"
static volatile long n;
static ucontext_t own, other; static char stack[65536];
static void handler(int s) { (void)s; n++; }
static void idle(void) { for (;;) { usleep(100); swapcontext(&other, &own); } }
int main(void) { getcontext(&other); other.uc_stack.ss_sp = stack; other.uc_stack.ss_size = sizeof stack; makecontext(&other, idle, 0); sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1); INSTALL(SIGUSR1, handler); for (;;) { sigprocmask(SIG_BLOCK, &set, 0); long k = n; swapcontext(&own, &other); n = k * 3 + 1; sigprocmask(SIG_UNBLOCK, &set, 0); } }
