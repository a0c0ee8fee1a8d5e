// truth: unsafe: a pointer and a length that belong together are cleared one after the other
#include "corpus.h"
struct { const char *volatile text; volatile size_t length; } message = {"none", 4};
static void handler(int s) { (void)s; message.text = 0; message.length = 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { (void)!write(1, message.text, message.length); message.text = "x"; message.length = 1; } }
