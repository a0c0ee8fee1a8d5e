// truth: safe: the main program calls the same function with another argument
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { if (s == 0) { printf("started\n"); return; } flag = s; }
int main(void) { handler(0); INSTALL(SIGUSR1, handler); for (;;) pause(); }
