// expect: undecided
// Only the interrupted code reads from the pipe: once it is full, the handler waits for ever.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static int fds[2];
static void on(int s) { int e = errno; char c[64]; memset(c, s, sizeof c); (void)!write(fds[1], c, sizeof c); errno = e; }
int main(void) { if (pipe(fds)) return 1; signal(SIGUSR1, on); for (;;) { char c[64]; if (read(fds[0], c, 64) > 0) puts("x"); } }
