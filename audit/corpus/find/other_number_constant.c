// truth: find: harmless for the signal of the first call and not for that of the second
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { if (s == SIGTERM) printf("bye\n"); flag = s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGTERM, handler); for (;;) pause(); }
