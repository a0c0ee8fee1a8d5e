// expect: fail
#include "corpus.h"
static int own(const char *text) { return text[0]; }
static int (*const all[])(const char *) = { own, puts, own };
static volatile sig_atomic_t which = 1;
static void handler(int s) { unsigned n = (unsigned)which; (void)s; if (n < 3) all[n]("signal"); }
int main(int argc, char **argv) { (void)argv; which = argc % 3; INSTALL(SIGUSR1, handler); for (;;) pause(); }
