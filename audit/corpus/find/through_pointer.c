// truth: find: signal is called through a pointer to it
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
void (*(*set)(int, void (*)(int)))(int) = signal;
int main(void) { signal(SIGINT, good); set(SIGTERM, bad); for (;;) pause(); }
