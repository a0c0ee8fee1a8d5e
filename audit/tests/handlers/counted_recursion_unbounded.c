// expect: fail
// A recursion that counts down from a number that is not bounded.
#include <signal.h>
#include <unistd.h>
static volatile unsigned depth;
static volatile sig_atomic_t sum;
static __attribute__((noinline)) unsigned down(unsigned count) {
    volatile char pad[64];
    pad[0] = (char)count;
    return count ? down(count - 1) + (unsigned)pad[0] : 0;
}
static void handler(int s) { (void)s; sum = (sig_atomic_t)down(depth); }
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
