// truth: find: the bad handler has a name that looks like one of Rust's own library
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
void _ZN3std3sys3pal4unix14stack_overflow3imp14signal_handler17h0123456789abcdefE(int s) { printf("%d\n", s); }
int main(void) { signal(SIGINT, good); signal(SIGTERM, _ZN3std3sys3pal4unix14stack_overflow3imp14signal_handler17h0123456789abcdefE); for (;;) pause(); }
