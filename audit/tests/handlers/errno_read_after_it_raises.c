// expect: fail
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) { int later; write(2, "again\n", 6); (void)s; signal(SIGTERM, SIG_DFL); raise(SIGTERM); later = errno; signal(SIGTERM, on); errno = later; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
