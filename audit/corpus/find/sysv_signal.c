// truth: find: __sysv_signal, which is what signal() is under -std=c99 with X/Open
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
extern void (*__sysv_signal(int, void (*)(int)))(int);
extern void (*sysv_signal(int, void (*)(int)))(int);
int main(void) { __sysv_signal(SIGINT, good); sysv_signal(SIGHUP, good); __sysv_signal(SIGTERM, bad); for (;;) pause(); }
