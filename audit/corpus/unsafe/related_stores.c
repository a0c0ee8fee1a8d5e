// truth: unsafe: a length and a pointer that belong together, stored one after the other
#include "corpus.h"
struct { const char *text; size_t length; } message = {"none", 4};
static void handler(int s) { message.text = s == SIGUSR1 ? "one" : "other"; message.length = strlen(message.text); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { (void)!write(1, message.text, message.length); } }
