// truth: unsafe: a word across two cache lines, which the machine does not store at once
#include "corpus.h"
struct __attribute__((packed)) { char pad[60]; volatile long across; } line __attribute__((aligned(64)));
static void handler(int s) { line.across = s * 0x100000001L; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { long v = line.across; if ((v >> 32) != (v & 0xffffffff)) abort(); } }
