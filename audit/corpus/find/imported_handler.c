// truth: find: the handler is a function of another library
// with: own_lib.c
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
void own_bad(int s);
int main(void) { signal(SIGINT, good); signal(SIGTERM, own_bad); for (;;) pause(); }
