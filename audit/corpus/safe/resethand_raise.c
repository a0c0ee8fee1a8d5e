// truth: safe: SA_RESETHAND: a message, then the signal again, which now has its default action
#include "corpus.h"
static void handler(int s) { static const char text[] = "ended by a signal\n"; int saved = errno; (void)!write(2, text, sizeof text - 1); raise(s); errno = saved; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_RESETHAND; sigaction(SIGTERM, &sa, 0); sigaction(SIGINT, &sa, 0); for (;;) pause(); }
