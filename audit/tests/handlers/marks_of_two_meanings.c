// expect: undecided
#include "corpus.h"
static const int sizes[2][3] = { { 24, 80, 8 }, { 50, 132, 24 } };
static volatile int screen[3];
static void handler(int s) { for (int i = 0; i < 3; i++) screen[i] = sizes[s == SIGUSR1][i]; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { int r = screen[0], c = screen[1]; if (r == 24 && c == 132) return 1; } }
