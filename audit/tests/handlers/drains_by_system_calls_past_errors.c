// expect: undecided
// A system call of its own says an error by another number than -1, such as -9 (EBADF), and then it never ends.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fd;
static long call(long n, long a, void *b, long c) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory"); return r; }
static void on(int s) { char all[64]; long n; (void)s; do n = call(SYS_read, fd, all, sizeof all); while (n != 0 && n != -1); }
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
