// expect: undecided
#include <signal.h>
#include <unistd.h>
static char *volatile text;
static volatile sig_atomic_t length;
static void on(int s) {
    long n = -1;
    const char *p = text;
    (void)s;
    __asm__ volatile("repne scasb" : "+D"(p), "+c"(n) : "a"(0) : "memory");
    length = (int)-n;
}
int main(int c, char **v) { text = v[0]; signal(SIGUSR1, on); for (;;) text = c++ & 1 ? 0 : v[0]; }
