// truth: safe: alarm is on the list and has no error
#include "corpus.h"
volatile sig_atomic_t ticks;
static void handler(int s) { (void)s; ticks = ticks + 1; alarm(1); }
int main(void) { INSTALL(SIGALRM, handler); alarm(1); for (;;) pause(); }
