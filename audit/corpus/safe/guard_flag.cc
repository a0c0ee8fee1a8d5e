// truth: safe: a C++ guard that restores errno at the end of the scope, and an atomic flag
#include "corpus.h"
#include <atomic>
namespace {
std::atomic<bool> stop{false};
struct KeepErrno { int saved = errno; ~KeepErrno() { errno = saved; } };
void handler(int) { KeepErrno keep; stop.store(true, std::memory_order_relaxed); (void)!write(2, "stop\n", 5); }
}
int main() { INSTALL(SIGTERM, handler); while (!stop) pause(); }
