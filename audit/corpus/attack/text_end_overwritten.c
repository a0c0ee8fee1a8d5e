// truth: unsafe: the end of a text on the stack is overwritten before another is appended to it
// flags: -fno-stack-protector -U_FORTIFY_SOURCE -fno-builtin
#include "corpus.h"
volatile char with = 'x';
static void handler(int s) { char t[16]; (void)s; strcpy(t, "1234"); t[4] = with; strcat(t, "123"); (void)!strlen(t); if (t[0] == s) _exit(1); }
MAIN(handler)
