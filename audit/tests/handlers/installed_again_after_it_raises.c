// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) { write(2, "again\n", 6); signal(SIGTERM, SIG_DFL); raise(SIGTERM); signal(SIGTERM, on); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
