// truth: unsafe: push_back allocates when the vector is full
#include <csignal>
#include <unistd.h>
#include <vector>
static std::vector<int> seen;
static void on_signal(int s) { seen.push_back(s); }
int main() { std::signal(SIGUSR1, on_signal); for (;;) pause(); }
