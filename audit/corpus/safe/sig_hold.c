// truth: safe: SIG_HOLD and SIG_ERR are no functions
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { flag = s; }
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
int main(void) { sigset(SIGUSR2, SIG_HOLD); if (sigset(SIGINT, handler) == SIG_ERR) return 1; for (;;) pause(); }
