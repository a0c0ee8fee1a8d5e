// truth: doubt: SA_NODEFER and a static buffer: the handler may interrupt itself
#include "corpus.h"
static char text[32];
static void handler(int s) { int saved = errno; text[0] = (char)s; text[1] = '\n'; (void)!write(2, text, 2); errno = saved; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_NODEFER; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
