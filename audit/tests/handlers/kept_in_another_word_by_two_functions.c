// expect: undecided
// One function takes the value to another word, and another function takes it back.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile int count, draft;
static void on(int s) { (void)s; count = 0; }
__attribute__((noinline)) static void begin(void) { draft = count; }
__attribute__((noinline)) static void commit(void) { count = draft + 1; }
int main(void) { signal(SIGUSR1, on); for (;;) { begin(); puts("x"); commit(); pause(); } }
