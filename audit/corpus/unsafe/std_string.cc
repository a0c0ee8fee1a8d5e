// truth: unsafe: a temporary string that is too long for its object allocates
#include <cerrno>
#include <csignal>
#include <string>
#include <unistd.h>
static void on_signal(int s) { int saved = errno; std::string text = "a signal came, and its number was " + std::to_string(s) + "\n"; (void)!write(2, text.data(), text.size()); errno = saved; }
int main() { std::signal(SIGUSR1, on_signal); for (;;) pause(); }
