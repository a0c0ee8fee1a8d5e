// truth: safe: the first signal asks for the end, the second ends at once
#include "corpus.h"
static volatile sig_atomic_t stop;
static void handler(int s) { if (stop) _exit(128 + s); stop = s; }
int main(void) { INSTALL(SIGTERM, handler); INSTALL(SIGINT, handler); while (!stop) pause(); return 0; }
