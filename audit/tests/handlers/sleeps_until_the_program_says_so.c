// expect: fail
#include <signal.h>
#include <unistd.h>
static volatile int ready;
static void on(int s) { (void)s; while (!ready) sleep(1); }
int main(void) { signal(SIGUSR1, on); ready = 1; for (;;) pause(); }
