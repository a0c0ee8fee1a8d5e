// truth: find: ssignal and bsd_signal, other names of signal in the C library
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
extern void (*ssignal(int, void (*)(int)))(int);
int main(void) { signal(SIGINT, good); ssignal(SIGTERM, bad); for (;;) pause(); }
