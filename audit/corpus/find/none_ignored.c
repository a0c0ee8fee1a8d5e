// truth: none: only SIG_IGN and SIG_DFL are installed
#include "corpus.h"
int main(void) { signal(SIGPIPE, SIG_IGN); INSTALL(SIGCHLD, SIG_DFL); INSTALL(SIGHUP, SIG_IGN); for (;;) pause(); }
