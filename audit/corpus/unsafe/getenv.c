// truth: unsafe: getenv reads an array that the main program may be moving (not on the list)
#include "corpus.h"
volatile sig_atomic_t verbose;
static void handler(int s) { (void)s; verbose = getenv("VERBOSE") != 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (int i = 0;; i++) { char name[32]; snprintf(name, sizeof name, "V%d", i); setenv(name, "1", 1); } }
