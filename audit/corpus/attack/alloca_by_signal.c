// truth: unsafe: takes as much of the stack as the signal number says, up to 64 times 100 kB
#include "corpus.h"
static void handler(int s) { int saved = errno; volatile char *text = __builtin_alloca((size_t)s * 100000); text[0] = 'x'; (void)!write(1, (char *)text, 1); errno = saved; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_ONSTACK; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
