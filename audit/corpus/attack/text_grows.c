// truth: unsafe: each signal makes a global text longer, until it leaves its array
// flags: -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-builtin
#include "corpus.h"
char text[64];
static void handler(int s) { strcat(text, s == SIGUSR1 ? "one " : "two "); }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); (void)!write(1, text, strlen(text)); } }
