// truth: unsafe: setcontext out of a handler that can interrupt printf
#include "corpus.h"
static ucontext_t back;
static void handler(int s) { (void)s; setcontext(&back); }
int main(void) { getcontext(&back); INSTALL(SIGINT, handler); for (;;) printf("working\n"); }
