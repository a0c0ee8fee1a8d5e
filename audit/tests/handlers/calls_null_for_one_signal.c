// expect: fail
#include <signal.h>
#include <unistd.h>
static volatile int n;
static void one(int s) { n = s; }
static void (*const actions[16])(int) = {[SIGHUP] = one, [SIGINT] = one, [SIGUSR1] = one};
static void on(int s) { actions[s & 15](s); }
int main(void) { signal(SIGUSR1, on); signal(SIGUSR2, on); for (;;) pause(); }
