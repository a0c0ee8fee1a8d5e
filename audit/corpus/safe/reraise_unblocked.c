// truth: safe: default action, the signal unblocked, then sent to itself by kill, as the manual of glibc shows
#include "corpus.h"
static volatile sig_atomic_t in_progress;
static void handler(int s) {
    sigset_t set;
    if (in_progress) raise(s);
    in_progress = 1;
    (void)!unlink("/tmp/corpus.lock");
    signal(s, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, s);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), s);
    _exit(128 + s);
}
int main(void) { INSTALL(SIGTERM, handler); INSTALL(SIGHUP, handler); for (;;) pause(); }
