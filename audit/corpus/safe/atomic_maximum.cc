// truth: safe: std::atomic counters with relaxed order, an exchange and a compare-and-swap to keep the maximum
#include "corpus.h"
#include <atomic>
static std::atomic<unsigned> count{0}, most{0}, last{0};
extern "C" void handler(int s) {
    unsigned n = count.fetch_add(1, std::memory_order_relaxed) + 1;
    unsigned old = most.load(std::memory_order_relaxed);
    while (old < n && !most.compare_exchange_weak(old, n)) {}
    last.exchange((unsigned)s);
}
int main() { struct sigaction sa{}; sa.sa_handler = handler; sigaction(SIGUSR1, &sa, nullptr); for (;;) pause(); }
