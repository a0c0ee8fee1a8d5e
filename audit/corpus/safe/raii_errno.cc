// truth: safe: errno is kept by an object's destructor
#include "corpus.h"
struct Keep { int value = errno; ~Keep() { errno = value; } };
static int pipe_end = 2;
extern "C" void handler(int s) {
    Keep keep;
    char c = static_cast<char>(s);
    if (::write(pipe_end, &c, 1) < 0 && errno == EAGAIN) return;
}
int main() { struct sigaction sa{}; sa.sa_handler = handler; sigaction(SIGUSR1, &sa, nullptr); for (;;) pause(); }
