// expect: fail
// The handler clears a pointer to the text that the program prints.
#include "corpus.h"
static const char *volatile text = "x"; static volatile sig_atomic_t on = 1;
static void handler(int s) { (void)s; on = 0; text = 0; }
int main(void) { INSTALL(SIGUSR1, handler); while (on) puts(text); }
