// truth: safe: a small structure by value, a result in the frame, sigqueue to the parent
#include "corpus.h"
struct note { int sig, code; long at; char pad[24]; };
NOINLINE static struct note make(int s, int c) { struct note n = {s, c, 7, {0}}; return n; }
NOINLINE static int sum(struct note n) { return n.sig + n.code + (int)n.at; }
static void handler(int sig, siginfo_t *si, void *u) { int e = errno; union sigval v; v.sival_int = sum(make(sig, si->si_code)); sigqueue(getppid(), SIGUSR2, v); errno = e; }
MAIN_INFO(handler)
