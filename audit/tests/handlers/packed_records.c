// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
struct __attribute__((packed)) { int tag; volatile long word; } static records[16] __attribute__((aligned(64)));
static void on(int s) { records[s & 15].word = s * 0x100000001L; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
