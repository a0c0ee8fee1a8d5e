// expect: undecided
// The handler reads a record of two words into data of the file, and the program uses both.
#include "corpus.h"
static struct { volatile long x, y; } pos;
static int in;
static void handler(int s) { (void)s; int e = errno; (void)!read(in, (void *)&pos, sizeof pos); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { sleep(1); printf("%ld %ld\n", pos.x, pos.y); } }
