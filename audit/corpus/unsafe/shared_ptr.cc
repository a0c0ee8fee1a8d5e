// truth: unsafe: the copy of a shared pointer may be the last one, and frees
#include <csignal>
#include <memory>
#include <unistd.h>
static std::shared_ptr<int> config = std::make_shared<int>(1);
volatile sig_atomic_t level;
static void on_signal(int) { std::shared_ptr<int> held = config; level = *held; }
int main() { std::signal(SIGUSR1, on_signal); for (;;) config = std::make_shared<int>(2); }
