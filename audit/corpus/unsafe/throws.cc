// truth: unsafe: an exception allocates and unwinds through the interrupted code
#include <csignal>
#include <stdexcept>
#include <unistd.h>
static void on_signal(int) { throw std::runtime_error("signal"); }
int main() { std::signal(SIGUSR1, on_signal); try { for (;;) pause(); } catch (const std::exception &) { return 1; } }
