// truth: unsafe: the descriptor of the siginfo chooses an element without a check
#include "corpus.h"
static struct { volatile int ready; int pad; } conns[64];
static void handler(int sig, siginfo_t *si, void *u) { conns[si->si_fd].ready = 1; }
int main(void) { INSTALL_INFO(SIGIO, handler); for (;;) { pause(); for (int i = 0; i < 64; i++) if (conns[i].ready) printf("%d\n", i); } }
