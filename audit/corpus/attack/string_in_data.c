// truth: unsafe: strlen through a pointer in memory that the main program sets to null
#include "corpus.h"
const char *volatile text;
static void handler(int s) { int saved = errno; (void)!write(s, text, strlen(text)); errno = saved; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { text = "x"; pause(); text = 0; } }
