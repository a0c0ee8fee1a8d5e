// expect: undecided
// Two handlers build their messages by the same function, and neither keeps the signal of the other out.
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
static char line[32] = "signal 00\n";
__attribute__((noinline)) static void say(int s) { int e = errno; line[7] = (char)('0' + s / 10); line[8] = (char)('0' + s % 10); (void)!write(2, line, 10); errno = e; }
static void on(int s) { say(s); }
static void other(int s) { say(s + 1); }
int main(void) { signal(SIGUSR1, on); signal(SIGUSR2, other); for (;;) pause(); }
