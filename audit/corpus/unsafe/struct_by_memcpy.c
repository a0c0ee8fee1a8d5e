// truth: unsafe: the handler copies a structure that the program copies into place, without blocking the signal
#include "corpus.h"
struct stats { long a, b, c, d, e, f, g, h; };
static struct stats shared;
static int out;
static void handler(int s) { (void)s; int e = errno; struct stats mine; memcpy(&mine, &shared, sizeof mine); write(out, &mine, sizeof mine); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); struct stats next = { 0 }; for (;;) { next.a++; next.h = next.a * 2; __asm__ volatile("" ::: "memory"); memcpy(&shared, &next, sizeof shared); usleep(10); } }
