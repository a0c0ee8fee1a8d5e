// truth: safe: one function that sets an atomic flag is called by the handler and by the program
// expect: pass
#include "corpus.h"
#include <stdatomic.h>
static _Atomic int stop;
__attribute__((noinline)) static void ask(int s) { atomic_store(&stop, s); }
static void handler(int s) { ask(s); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); if (stop == 12) ask(0); } }
