// expect: pass
// The flag is cleared before the timer is started.
#include "corpus.h"
static volatile sig_atomic_t late;
static void handler(int s) { (void)s; late = 1; }
int main(void) { char b[8]; INSTALL(SIGALRM, handler); for (;;) { late = 0; alarm(5); read(0, b, sizeof b); alarm(0); puts(late ? "late" : "in time"); } }
