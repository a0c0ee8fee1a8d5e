// expect: undecided
// The program sets the word back at the beginning of each round: a stop between the question and that is lost.
#include "corpus.h"
static volatile sig_atomic_t stop;
static void handler(int s) { (void)s; stop = 1; }
int main(void) { INSTALL(SIGTERM, handler); for (;;) { stop = 0; puts("round"); sleep(1); if (stop) break; } return 0; }
