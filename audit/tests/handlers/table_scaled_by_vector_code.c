// expect: undecided
// The program scales all counts of a table; the compiler may use vector instructions.
#include "corpus.h"
static int hits[64];
static void handler(int s) { hits[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); __asm__ volatile("":::"memory"); for (int i = 0; i < 64; i++) hits[i] -= hits[i] >> 2; __asm__ volatile("":::"memory"); } }
