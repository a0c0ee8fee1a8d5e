// truth: safe: installed only where the signal was not ignored, as nohup asks for
#include "corpus.h"
static volatile sig_atomic_t flag;
static void handler(int s) { flag = s; }
int main(void) {
    if (signal(SIGINT, SIG_IGN) != SIG_IGN) signal(SIGINT, handler);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    for (;;) pause();
}
