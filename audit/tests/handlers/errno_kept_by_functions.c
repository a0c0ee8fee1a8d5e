// expect: pass
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
struct keeper { int kept; };
__attribute__((noinline)) static void save(struct keeper *k) { k->kept = errno; }
__attribute__((noinline)) static void restore(struct keeper *k) { errno = k->kept; }
static void on(int s) { struct keeper k; (void)s; save(&k); (void)!write(2, "x", 1); restore(&k); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
