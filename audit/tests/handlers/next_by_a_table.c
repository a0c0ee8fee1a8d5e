// expect: fail
// The next state comes from a table, by the last one: of two signals one step is lost.
#include "corpus.h"
static const unsigned char next[4] = {1, 3, 0, 2};
static volatile unsigned char state;
static void handler(int s) { state = next[state & 3]; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%d\n", state); } }
