// expect: undecided
// One function tests what another one lowers, and the handler clears it in between.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static unsigned credit = 10;
__attribute__((noinline)) static int is_enough(void) { return __atomic_load_n(&credit, __ATOMIC_RELAXED) >= 3; }
__attribute__((noinline)) static void take(void) { __atomic_sub_fetch(&credit, 3, __ATOMIC_RELAXED); }
static void handler(int s) { (void)s; __atomic_store_n(&credit, 0, __ATOMIC_RELAXED); }
__attribute__((noinline)) static void spend(void) { if (is_enough()) { puts("take"); take(); } }
int main(void) { signal(SIGUSR1, handler); for (;;) { sleep(1); spend(); } }
