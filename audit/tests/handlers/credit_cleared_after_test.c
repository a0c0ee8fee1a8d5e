// expect: undecided
// The handler clears a number that the program has tested and then lowers, so that it wraps around.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <stdatomic.h>
static atomic_uint credit = 100;
static void handler(int s) { (void)s; atomic_store(&credit, 0); }
int main(void) {
    signal(SIGUSR1, handler);
    for (;;) {
        sleep(1);
        while (atomic_load(&credit) > 0) { puts("one"); atomic_fetch_sub(&credit, 1); }
    }
}
