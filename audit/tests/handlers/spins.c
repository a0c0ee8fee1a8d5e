// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static char lock; static int n;
static void on(int s) { (void)s; while (__atomic_test_and_set(&lock, 5)); n++; __atomic_clear(&lock, 5); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
