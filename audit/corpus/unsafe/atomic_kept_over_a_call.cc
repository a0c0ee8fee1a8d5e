// truth: unsafe: the program loads an atomic, calls a function, and stores the changed value
#include "corpus.h"
#include <atomic>
static std::atomic<int> count, last;
static void on(int) { count = 0; }
static NOINLINE void note(int n) { last = n; }
int main(int argc, char **) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        int before = count;
        note(argc);
        count = before + 1;
        pause();
    }
}
