// expect: undecided
// The program calls the function that belongs to the state, and then clears the state.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile int state;
static void on(int s) { (void)s; state = 1; }
static void rest(void) { puts("a"); }
static void act(void) { puts("b"); }
static void (*const all[])(void) = {rest, act, rest, act};
int main(void) { signal(SIGUSR1, on); for (;;) { all[state & 3](); state = 0; pause(); } }
