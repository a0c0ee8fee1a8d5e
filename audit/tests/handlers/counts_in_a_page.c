// expect: open
// Counts in a page that is mapped before the handler is installed, and stays.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <stdatomic.h>
#include <sys/mman.h>
struct counts { atomic_uint hangups, users; };
static struct counts *counts;
static void count(int s) { if (s == SIGHUP) atomic_fetch_add(&counts->hangups, 1); else atomic_fetch_add(&counts->users, 1); }
int main(void) {
    counts = mmap(0, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) { perror("mmap"); exit(1); }
    signal(SIGHUP, count);
    signal(SIGUSR1, count);
    for (;;) { pause(); printf("%u %u\n", atomic_load(&counts->hangups), atomic_load(&counts->users)); }
}
