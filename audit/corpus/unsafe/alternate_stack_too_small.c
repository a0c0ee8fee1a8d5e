// truth: unsafe: the alternate stack has 2048 bytes, and the handler's frame 3000
#include "corpus.h"
static char stack[2048];
static void handler(int s) { int keep = errno; char text[3000]; memset(text, 'a' + s % 26, sizeof text); write(2, text, sizeof text); errno = keep; }
int main(void) {
    stack_t st = { .ss_sp = stack, .ss_size = sizeof stack }; struct sigaction sa; memset(&sa, 0, sizeof sa);
    sigaltstack(&st, 0); sa.sa_handler = handler; sa.sa_flags = SA_ONSTACK; sigaction(SIGUSR1, &sa, 0); for (;;) pause();
}
