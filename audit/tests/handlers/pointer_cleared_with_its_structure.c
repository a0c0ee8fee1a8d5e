// expect: undecided
// A pointer is cleared by a function that is given the structure around it; a stripped file does not say that it is one.
#include <signal.h>
#include <unistd.h>

struct context { volatile sig_atomic_t ended; int number; };
static struct context context;
static struct { long before[4]; struct context *volatile of; } all = { { 1, 2, 3, 4 }, &context };

static void on(int number) { all.of->ended = 1; }

__attribute__((noinline, noclone)) static void drop(long *words) { words[4] = 0; }
static void (*volatile by)(long *) = drop;

int main(void) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    while (!context.ended) {
        pause();
        by((long *)&all);
    }
    return 0;
}
