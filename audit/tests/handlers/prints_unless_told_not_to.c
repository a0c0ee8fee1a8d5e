// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int is_quiet;
__attribute__((noinline)) static void say(const char *text, int in_signal) { if (!in_signal) printf("%s\n", text); }
static void on(int s) { (void)s; say("signal", is_quiet); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); say("begin", 0); is_quiet = 1; for (;;) pause(); }
