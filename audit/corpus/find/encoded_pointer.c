// truth: find: the pointer is kept encoded and decoded before the call
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static volatile uintptr_t kept;
int main(void) { kept = (uintptr_t)bad ^ 0x5555; signal(SIGINT, good); signal(SIGTERM, (void (*)(int))(kept ^ 0x5555)); for (;;) pause(); }
