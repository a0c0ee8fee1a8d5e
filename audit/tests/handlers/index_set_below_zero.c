// expect: fail
// The handler stores -1 to an index that the program uses without a test.
#include "corpus.h"
static volatile int at; static volatile long table[8];
static void handler(int s) { (void)s; at = -1; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { usleep(1); at = c++ & 7; usleep(1); table[at]++; } }
