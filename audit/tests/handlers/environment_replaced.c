// expect: undecided
// The handler replaces the environment, which the C library changes.
#include "corpus.h"
extern char **environ; static char *own[] = { "A=1", 0 };
static void on(int s) { (void)s; environ = own; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        puts(getenv("PATH") ?: "?");
        setenv("N", "1", 1);
    }
}
