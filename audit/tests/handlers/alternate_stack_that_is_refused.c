// expect: pass
// The kernel refuses an alternate stack of less than 2,048 bytes, so the handler runs on another one.
#include "corpus.h"
static volatile sig_atomic_t flag;
static char room[65536];
static void handler(int s) { (void)s; flag = 1; }
int main(void) {
    stack_t stack, small;
    struct sigaction action;
    memset(&stack, 0, sizeof stack);
    memset(&small, 0, sizeof small);
    stack.ss_sp = small.ss_sp = room;
    stack.ss_size = sizeof room;
    small.ss_size = 1000;
    sigaltstack(&stack, NULL);
    if (sigaltstack(&small, NULL) == 0) return 1;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, NULL);
    for (;;) pause();
}
