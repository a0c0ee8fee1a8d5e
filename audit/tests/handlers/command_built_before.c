// expect: pass
// The arguments of the command are stored before the handler is installed.
#include "corpus.h"
static char *args[3];
static void handler(int s) { (void)s; execv("/bin/restart", args); _exit(1); }
int main(int c, char **v) { args[0] = v[0]; args[1] = v[c > 1]; INSTALL(SIGUSR1, handler); for (;;) pause(); }
