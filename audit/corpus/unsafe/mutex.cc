// truth: unsafe: a lock guard on a mutex
#include <csignal>
#include <mutex>
#include <unistd.h>
static std::mutex lock; static int n;
static void on_signal(int s) { std::lock_guard<std::mutex> guard(lock); n = s; }
int main() { std::signal(SIGUSR1, on_signal); for (;;) { std::lock_guard<std::mutex> guard(lock); n = 0; } }
