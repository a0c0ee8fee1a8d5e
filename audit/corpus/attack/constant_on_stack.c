// truth: unsafe: a constant on the stack is overwritten through a pointer that a helper got
#include "corpus.h"
NOINLINE static void change(volatile int *p, int s) { p[s & 1] = s; }
static void handler(int s) { volatile int choice[2] = {0, 0}; change(choice, s); if (choice[0]) printf("%d\n", s); }
MAIN(handler)
