// expect: undecided
// The handler executes a command whose arguments the program stores one after the other.
#include "corpus.h"
static char *volatile args[3];
static void handler(int s) { (void)s; execv("/bin/restart", (char **)args); _exit(1); }
int main(int c, char **v) { INSTALL(SIGUSR1, handler); for (;;) { pause(); args[0] = v[0]; args[1] = v[c % 2]; args[2] = v[c % 3]; c++; } }
