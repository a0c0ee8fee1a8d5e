// truth: unsafe: a std::function is called, whose target is not in the file
#include <csignal>
#include <functional>
#include <iostream>
#include <unistd.h>
static std::function<void(int)> callback;
static void on_signal(int s) { if (callback) callback(s); }
int main() { callback = [](int s) { std::cout << s; }; std::signal(SIGUSR1, on_signal); for (;;) pause(); }
