// truth: safe: ignores the signal itself, sends it to its group, and ends
#include "corpus.h"
static void handler(int s) { signal(s, SIG_IGN); kill(0, s); _exit(128 + s); }
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
