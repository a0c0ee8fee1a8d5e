// truth: safe: a lambda without captures stores into an atomic
#include <atomic>
#include <csignal>
#include <unistd.h>
static std::atomic<int> seen{0};
int main() { std::signal(SIGUSR1, [](int s) { seen.store(s, std::memory_order_release); }); for (;;) pause(); }
