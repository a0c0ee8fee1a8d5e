// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
static volatile sig_atomic_t is_last;
static void on(int s) { write(2, "end\n", 4); signal(s, SIG_DFL); if (is_last) raise(s); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) { pause(); is_last++; } }
