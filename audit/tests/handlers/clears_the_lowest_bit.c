// expect: pass
#include <signal.h>
#include <unistd.h>
static volatile sig_atomic_t count;
static volatile unsigned pending;
static void on(int s) {
    (void)s;
    for (unsigned m = pending; m; m &= m - 1) count++;
}
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
