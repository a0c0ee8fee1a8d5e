// truth: unsafe: calls the handler that was installed before, whatever that is
#include "corpus.h"
static struct sigaction old;
static void handler(int s) { if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) old.sa_handler(s); }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sigaction(SIGINT, &sa, &old); for (;;) pause(); }
