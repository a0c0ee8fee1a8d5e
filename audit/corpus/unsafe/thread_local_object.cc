// truth: unsafe: a thread-local object with a constructor is made at first use and registers its destructor
#include <csignal>
#include <string>
#include <unistd.h>
thread_local std::string last("none");
static void on_signal(int) { last[0] = 'x'; }
int main() { std::signal(SIGUSR1, on_signal); for (;;) pause(); }
