// expect: undecided
#include <signal.h>
#include <unistd.h>
static volatile unsigned result;
static void on(int s) {
    unsigned low = 0, high = 5;
    (void)s;
    __asm__ volatile("divl %2" : "+a"(low), "+d"(high) : "r"(3u));
    result = low;
}
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
