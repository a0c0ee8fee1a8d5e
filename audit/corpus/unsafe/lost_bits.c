// truth: unsafe: a function of the program clears a bit of the word in which the handler sets others
#include "corpus.h"
static volatile unsigned pending;
static void handler(int sig) { pending |= 1u << (sig & 31); }
NOINLINE static void done(int bit) { unsigned now = pending; puts("done"); pending = now & ~(1u << bit); }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); if (pending & 1u << SIGUSR1) done(SIGUSR1); else done(SIGUSR2); } }
