// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s);
__attribute__((noinline)) static void again(void) { signal(SIGTERM, on); }
static void on(int s) { write(2, "again\n", 6); (void)s; signal(SIGTERM, SIG_DFL); raise(SIGTERM); again(); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
