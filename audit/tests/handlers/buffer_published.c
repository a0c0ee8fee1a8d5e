// expect: undecided
// The handler tells the program where its buffer is, and changes it by the next signal.
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
static char line[32] = "signal 00\n";
static char *_Atomic message;
static void on(int s) { int e = errno; line[7] = (char)('0' + s / 10); line[8] = (char)('0' + s % 10); (void)!write(2, line, 10); message = line; errno = e; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigfillset(&a.sa_mask); sigaction(SIGUSR1, &a, 0); for (;;) if (message) (void)!write(1, message, 10); }
