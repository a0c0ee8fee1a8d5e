// truth: doubt: a static local is constructed before the handler is installed, and the handler would construct it if it were not
#include <csignal>
#include <cstdlib>
#include <unistd.h>
struct Counter { int n; Counter() : n(std::abs((int)getpid())) {} };
static Counter &counter() { static Counter c; return c; }
static void on_signal(int) { counter().n = 1; }
int main() { counter(); std::signal(SIGUSR1, on_signal); for (;;) pause(); }
