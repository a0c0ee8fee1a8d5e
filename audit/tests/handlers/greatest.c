// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static int greatest;
static void on(int s) { int old = __atomic_load_n(&greatest, 0); while (!__atomic_compare_exchange_n(&greatest, &old, old < s ? s : old, 0, 5, 0)); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
