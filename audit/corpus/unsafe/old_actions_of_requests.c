// truth: unsafe: puts the action back that was there before and raises the signal: where it was ignored, the program goes on without its errno
#include "corpus.h"
static struct sigaction before[NSIG];
static const int requests[] = {SIGHUP, SIGINT, SIGTERM};
static void on_request(int s) {
    static const char text[] = "the program is asked to end\n";
    write(2, text, sizeof text - 1);
    sigaction(s, &before[s], 0);
    raise(s);
}
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_request;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) sigaction(requests[i], &sa, &before[requests[i]]);
    for (;;) pause();
}
