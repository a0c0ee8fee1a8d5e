// truth: unsafe: a static local is constructed at first use, under a guard that the interrupted code may hold
#include <csignal>
#include <cstdlib>
#include <unistd.h>
struct Counter { int n; Counter() : n(std::abs((int)getpid())) {} };
static Counter &counter() { static Counter c; return c; }
static void on_signal(int) { counter().n = 1; }
int main() { std::signal(SIGUSR1, on_signal); counter(); for (;;) pause(); }
