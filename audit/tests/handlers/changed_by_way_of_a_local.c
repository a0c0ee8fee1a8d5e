// expect: undecided
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile unsigned pending;
static void on(int s) { pending |= 1u << (s & 31); }
__attribute__((noinline)) static void done(int bit) { unsigned now = pending; puts("done"); pending = now & ~(1u << bit); }
int main(void) { signal(SIGUSR1, on); for (;;) { pause(); done(SIGUSR1); } }
