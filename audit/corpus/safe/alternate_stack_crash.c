// truth: safe: a handler for stack overflows on a stack of its own writes a text and ends by the default action
#include "corpus.h"
static char stack[65536];
static void handler(int sig)
{
    static const char text[] = "the stack is full\n";
    write(2, text, sizeof text - 1);
    signal(sig, SIG_DFL);
    raise(sig);
}
int main(void)
{
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK | SA_RESETHAND;
    sigaltstack(&own, 0);
    sigaction(SIGSEGV, &action, 0);
    for (;;)
        pause();
}
