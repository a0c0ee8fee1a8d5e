// truth: unsafe: a cleanup function of the program that ends in exit, called through two others and a table in data
#include "corpus.h"
static void flush(void) { fflush(stdout); }
void (*at_end)(void) = flush;
NOINLINE __attribute__((noreturn)) static void leave(int code) { if (at_end) at_end(); exit(code); }
NOINLINE __attribute__((noreturn)) static void leave_at(int code, const char *file, int line) { if (line > 0 && file) leave(code); leave(code + 1); }
static void handler(int s) { leave_at(s, __FILE__, __LINE__); }
int main(int argc, char **argv) { (void)argv; if (argc > 2) at_end = 0; INSTALL(SIGTERM, handler); for (;;) pause(); }
