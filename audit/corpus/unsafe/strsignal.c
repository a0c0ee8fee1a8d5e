// truth: unsafe: strsignal translates its text and may allocate
#include "corpus.h"
static void handler(int s) { int saved = errno; const char *text = strsignal(s); (void)!write(2, text, strlen(text)); errno = saved; }
MAIN(handler)
