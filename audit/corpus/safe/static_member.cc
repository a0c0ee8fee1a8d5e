// truth: safe: a static member function of a template, one per signal, counts in an array of atomics
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <unistd.h>
template <int N> struct Slot {
    static std::atomic<unsigned> count;
    static void on_signal(int) { count.fetch_add(1); }
};
template <int N> std::atomic<unsigned> Slot<N>::count{0};
template <int N> void install() { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = Slot<N>::on_signal; sigaction(N, &sa, nullptr); }
int main() { install<SIGUSR1>(); install<SIGUSR2>(); for (;;) pause(); }
