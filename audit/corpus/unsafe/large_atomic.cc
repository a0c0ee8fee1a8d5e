// truth: unsafe: an atomic of 24 bytes, whose store takes a lock of libatomic
// flags: -Wl,--no-as-needed -latomic
// only: gcc-O0 gcc-O2 gcc-debian
#include "corpus.h"
#include <atomic>
struct Event { long number, when, who; };
static std::atomic<Event> last;
static void handler(int s) { last.store(Event{s, 1, 2}); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); if (last.load().number == 9) return 0; } }
