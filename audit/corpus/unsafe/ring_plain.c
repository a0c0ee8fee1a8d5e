// truth: unsafe: an entry and its index are stored plainly; a second signal in between overwrites the entry
#include "corpus.h"
static struct { int number; int pid; } ring[16];
static unsigned next;
static void handler(int s, siginfo_t *info, void *context) {
    (void)context;
    ring[next & 15].number = s;
    ring[next & 15].pid = info->si_pid;
    next = next + 1;
}
int newest(void) { return ring[(next - 1) & 15].number + ring[(next - 1) & 15].pid; }
int main(void) { INSTALL_INFO(SIGUSR1, handler); INSTALL_INFO(SIGUSR2, handler); for (;;) pause(); }
