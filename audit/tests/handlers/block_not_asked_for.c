// expect: undecided
// Where there is no memory the handler stores through null, or through the number that says so.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
struct base { volatile sig_atomic_t is_interrupted; };
struct base *base;
static void handler(int s) { (void)s; if (base) base->is_interrupted = 1; }
int main(void) {
    base = mmap(0, sizeof *base, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGINT, handler);
    for (;;) pause();
}
