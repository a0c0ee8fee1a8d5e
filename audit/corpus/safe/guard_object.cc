// truth: safe: an object whose constructor saves errno and whose destructor restores it
#include <cerrno>
#include <csignal>
#include <cstring>
#include <unistd.h>
namespace {
struct ErrnoGuard { int saved; ErrnoGuard() : saved(errno) {} ~ErrnoGuard() { errno = saved; } };
void on_signal(int) noexcept { ErrnoGuard guard; static const char text[] = "signal\n"; (void)!write(2, text, sizeof text - 1); }
}
int main() { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = on_signal; sigaction(SIGUSR1, &sa, nullptr); for (;;) pause(); }
