// expect: undecided
#include "corpus.h"
static long entries[256];
static int at;
static void handler(int s) { entries[at++] = s; }
int main(void) { INSTALL(SIGALRM, handler); for (;;) { alarm(1); pause(); if (entries[at & 255] == 7) return 1; } }
