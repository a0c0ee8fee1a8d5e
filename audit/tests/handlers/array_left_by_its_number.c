// expect: undecided
#include <signal.h>
#include <unistd.h>
static volatile int counts[4] = {1, 2, 3, 4}, others[64] = {1}, last;
static int of(volatile int *from, int n) { return from[n]; }
static void on(int s) { last = of(others, s) + of(counts, s); }
int main(void) {
    signal(SIGTERM, on);
    others[3] = counts[2];
    return pause() + last;
}
