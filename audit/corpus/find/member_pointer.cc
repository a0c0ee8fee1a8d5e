// truth: find: a class keeps the handler in a member and installs it in another member function
#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>
static volatile std::sig_atomic_t f;
class Signals { void (*handler_)(int); int signal_; public: Signals(int s, void (*h)(int)) : handler_(h), signal_(s) {} __attribute__((noinline)) void start() const { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler_; sigaction(signal_, &sa, nullptr); } };
static void good(int s) { f = s; }
static void bad(int s) { std::printf("%d\n", s); }
int main() { Signals a(SIGINT, good), b(SIGTERM, bad); a.start(); b.start(); for (;;) pause(); }
