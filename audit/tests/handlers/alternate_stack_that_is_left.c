// expect: undecided
// The alternate stack is an array of a function that returns.
#include "corpus.h"
static volatile sig_atomic_t hits;
static void handler(int s) { hits = s; }
NOINLINE static void prepare(void) { char own[16384]; stack_t st = { .ss_sp = own, .ss_size = sizeof own }; sigaltstack(&st, 0); __asm__ volatile("" :: "r"(own) : "memory"); }
int main(void) { prepare(); struct sigaction a = { .sa_handler = handler, .sa_flags = SA_ONSTACK }; sigaction(SIGUSR1, &a, 0); for (;;) { char line[200]; if (!fgets(line, sizeof line, stdin)) break; puts(line); } }
