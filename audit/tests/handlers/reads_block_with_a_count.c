// expect: open
// The copy has a number before and behind the data, by which the handler knows whether it is whole.
#include "corpus.h"
struct stats { volatile long first, a, b, last; };
static struct stats shared;
static int out;
static void handler(int s) { (void)s; int e = errno; struct stats mine; memcpy(&mine, (void *)&shared, sizeof mine); if (mine.first == mine.last) write(out, (void *)&mine, sizeof mine); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 1;; i++) { shared.first = i; shared.a = 2 * i; shared.b = 3 * i; shared.last = i; usleep(10); } }
