// truth: safe: two flags that have nothing to do with each other
#include "corpus.h"
volatile sig_atomic_t quit, hurry;
static void handler(int s) { quit = 1; if (s == SIGTERM) hurry = 1; }
int main(void) { INSTALL(SIGTERM, handler); INSTALL(SIGINT, handler); while (!quit) pause(); return hurry; }
