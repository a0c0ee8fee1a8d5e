// expect: open
// Each counter is right by itself, and so is their sum.
#include "corpus.h"
static struct { volatile long in, out; } shared;
static volatile long sum;
static void handler(int s) { (void)s; sum = shared.in + shared.out; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { shared.in++; shared.out++; usleep(10); } }
