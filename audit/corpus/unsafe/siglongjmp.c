// truth: unsafe: siglongjmp out of a handler that can interrupt printf
#include "corpus.h"
static sigjmp_buf back;
static void handler(int s) { siglongjmp(back, s); }
int main(void) { sigsetjmp(back, 1); INSTALL(SIGINT, handler); for (;;) printf("working\n"); }
