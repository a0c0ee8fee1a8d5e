// expect: open
// Nothing but the handler names the buffer, and its mask keeps its other signals out.
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
static char line[32] = "signal 00\n";
static void on(int s) { int e = errno; line[7] = (char)('0' + s / 10); line[8] = (char)('0' + s % 10); (void)!write(2, line, 10); errno = e; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigfillset(&a.sa_mask); sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); for (;;) pause(); }
