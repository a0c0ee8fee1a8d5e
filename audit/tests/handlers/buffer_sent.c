// expect: undecided
// The handler sends the address of its buffer through a pipe.
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
static int ends[2];
static char line[32] = "signal 00\n";
static void on(int s) { int e = errno; line[7] = (char)('0' + s / 10); line[8] = (char)('0' + s % 10); (void)!write(2, line, 10); char *at = line; (void)!write(ends[1], &at, sizeof at); errno = e; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigfillset(&a.sa_mask); char *at; if (pipe(ends)) return 1; sigaction(SIGUSR1, &a, 0); for (;;) if (read(ends[0], &at, sizeof at) > 0) (void)!write(1, at, 10); }
