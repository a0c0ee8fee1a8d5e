// truth: safe: restores the default action and raises the signal again, the way that shells recommend
#include "corpus.h"
static void handler(int s) {
    struct sigaction dfl;
    int saved = errno;
    memset(&dfl, 0, sizeof dfl);
    dfl.sa_handler = SIG_DFL;
    sigemptyset(&dfl.sa_mask);
    sigaction(s, &dfl, NULL);
    raise(s);
    errno = saved;
}
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
