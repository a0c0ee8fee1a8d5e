// truth: safe: removes a file of a constant name, restores the default action, raises
#include "corpus.h"
static const char path[] = "/run/corpus.pid";
static void handler(int s) { int saved = errno; unlink(path); signal(s, SIG_DFL); raise(s); errno = saved; }
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
