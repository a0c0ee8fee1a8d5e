// truth: safe: a loop installs the handler for several signals and keeps the old actions in an array; at the end all are put back
#include "corpus.h"
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static struct sigaction old[4];
static volatile sig_atomic_t stop;
static void handler(int s) { stop = s; }
NOINLINE static void put_back(void) { for (int n = 0; n < 4; n++) sigaction(signals[n], &old[n], 0); }
int main(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    for (int n = 0; n < 4; n++) sigaction(signals[n], &a, &old[n]);
    while (!stop) pause();
    put_back();
    return 0;
}
