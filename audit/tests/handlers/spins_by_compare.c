// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static int lock; static int n;
static void on(int s) { int free = 0; (void)s; while (!__atomic_compare_exchange_n(&lock, &free, 1, 0, 5, 0)) free = 0; n++; __atomic_store_n(&lock, 0, 5); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
