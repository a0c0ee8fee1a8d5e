// expect: undecided
// The loop asks a function that reads only if there is something to read, and otherwise says that one byte came.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fd;
static volatile int mode;
__attribute__((noinline)) static long next(void *to) { long r = 1; if (mode) __asm__ volatile("syscall" : "=a"(r) : "a"(SYS_read), "D"(fd), "S"(to), "d"(64) : "rcx", "r11", "memory"); return r; }
static void on(int s) { char all[64]; (void)s; while (next(all) > 0) ; }
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
