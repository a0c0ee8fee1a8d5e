// truth: unsafe: the handler stores one byte of a word that the program loads, changes and stores
// expect: fail
#include "corpus.h"
static union { volatile uint64_t word; volatile uint8_t byte[8]; } state;
static void handler(int s) { state.byte[3] = (uint8_t)s; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); state.word = state.word * 5 + 1; } }
