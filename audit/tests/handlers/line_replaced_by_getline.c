// expect: fail
// getline may free the line that the handler writes.
#include "corpus.h"
static char *line; static size_t room;
static void handler(int s) { (void)s; int e = errno; if (line) (void)!write(2, line, 4); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); while (getline(&line, &room, stdin) > 0) puts(line); }
