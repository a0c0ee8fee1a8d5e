// expect: pass
// The program appends a byte and then raises the length; the handler writes that many bytes.
#include "corpus.h"
static char log_[4096]; static volatile unsigned length;
static void handler(int s) { (void)s; int e = errno; unsigned n = length; if (n > sizeof log_) n = sizeof log_; (void)!write(2, log_, n); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); int c; while ((c = getchar()) != EOF) if (length < sizeof log_) { log_[length] = c; __asm__ volatile("":::"memory"); length = length + 1; } }
