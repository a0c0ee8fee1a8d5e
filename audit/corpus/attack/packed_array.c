// truth: unsafe: a word in an array of packed records of twelve bytes, some of which lie across two cache lines
#include "corpus.h"
struct __attribute__((packed)) record { int tag; volatile long word; };
static struct record records[16] __attribute__((aligned(64)));
static void handler(int s) { records[s & 15].word = s * 0x100000001L; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { long v = records[10].word; if ((v >> 32) != (v & 0xffffffff)) abort(); } }
