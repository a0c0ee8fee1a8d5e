// truth: safe: a helper that never returns; what stands behind the call in the file is another function's code
#include "corpus.h"
__attribute__((noreturn)) NOINLINE static void die(int s) { (void)!write(2, "died\n", 5); _exit(s); }
static void handler(int s) { die(s); }
NOINLINE void report(void) { printf("fine so far\n"); }
int main(void) { INSTALL(SIGTERM, handler); for (;;) { report(); pause(); } }
