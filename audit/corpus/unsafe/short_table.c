// truth: unsafe: the table has 32 elements and real-time signals have numbers up to 64
#include "corpus.h"
static volatile sig_atomic_t got[32]; static volatile sig_atomic_t other[4];
static void handler(int sig) { got[sig] = 1; }
int main(void) { for (int s = SIGRTMIN; s <= SIGRTMAX; s++) INSTALL(s, handler); for (;;) { pause(); for (int i = 0; i < 32; i++) if (got[i] + other[i & 3]) printf("%d\n", i); } }
