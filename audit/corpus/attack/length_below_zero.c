// truth: unsafe: the length of a copy is below zero for one signal
// expect: fail
#include "corpus.h"
char from[64] = "text", to[64];
static void handler(int s) { memcpy(to, from, (size_t)(s - 2)); }
int main(void) { INSTALL(SIGHUP, handler); for (;;) pause(); }
