// truth: unsafe: backtrace_symbols_fd does not allocate, but backtrace may, and neither is on the list
#include "corpus.h"
static void handler(int s) { void *frames[32]; backtrace_symbols_fd(frames, backtrace(frames, 32), 2); _exit(s); }
int main(void) { INSTALL(SIGSEGV, handler); for (;;) pause(); }
