// truth: doubt: the program has a __stack_chk_fail of its own that prints; it runs only when the stack is destroyed already
// flags: -fstack-protector-all
#include "corpus.h"
void __stack_chk_fail(void) { puts("smashed"); for (;;) ; }
volatile sig_atomic_t f;
static void handler(int s) { char text[16]; memset(text, s, sizeof text); f = ((volatile char *)text)[s & 15]; }
MAIN(handler)
