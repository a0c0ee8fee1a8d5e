// truth: unsafe: std::cout
#include <csignal>
#include <iostream>
#include <unistd.h>
static void on_signal(int s) { std::cout << "signal " << s << std::endl; }
int main() { std::signal(SIGUSR1, on_signal); for (;;) pause(); }
