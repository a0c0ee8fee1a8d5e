// expect: open
// The length is 0 while the pointer changes.
#include "corpus.h"
static char few[4] = "ab\n", many[512];
static struct { const char *volatile text; volatile size_t length; } line;
static void handler(int s) { int saved = errno; (void)s; write(2, line.text, line.length); errno = saved; }
int main(void) { INSTALL(SIGUSR1, handler); for (int i = 0;; i++) { line.length = 0; line.text = i & 1 ? many : few; line.length = i & 1 ? 512 : 4; usleep(10); } }
