// truth: find: handlers in a std::map, installed by a loop over it
#include <csignal>
#include <cstdio>
#include <map>
#include <unistd.h>
static volatile std::sig_atomic_t f;
int main() {
    std::map<int, void (*)(int)> handlers;
    handlers[SIGINT] = [](int s) { f = s; };
    handlers[SIGTERM] = [](int s) { std::printf("%d\n", s); };
    for (auto &[s, h] : handlers) std::signal(s, h);
    for (;;) pause();
}
