// expect: pass
// The alternate stack is an array of main.
#include "corpus.h"
static volatile sig_atomic_t hits;
static void handler(int s) { hits = s; }
int main(void) { char own[16384]; stack_t st = { .ss_sp = own, .ss_size = sizeof own }; sigaltstack(&st, 0); struct sigaction a = { .sa_handler = handler, .sa_flags = SA_ONSTACK }; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
