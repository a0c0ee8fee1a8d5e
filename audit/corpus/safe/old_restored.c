// truth: safe: the old action is kept and put back later, which installs nothing new
#include "corpus.h"
static volatile sig_atomic_t flag;
static struct sigaction old;
static void handler(int s) { flag = s; }
NOINLINE static void finish(void) { sigaction(SIGINT, &old, 0); }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigaction(SIGINT, &sa, &old);
    while (!flag) pause();
    finish();
    return 0;
}
