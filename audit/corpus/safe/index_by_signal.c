// truth: safe: the signal's number, 1 to 64, is the index into an array of 65
#include "corpus.h"
static volatile sig_atomic_t seen[NSIG];
static void handler(int s) { seen[s] = 1; }
int main(void) { for (int s = 1; s < NSIG; s++) INSTALL(s, handler); for (;;) pause(); }
