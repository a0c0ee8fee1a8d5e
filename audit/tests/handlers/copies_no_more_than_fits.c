// expect: pass
#include <signal.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static char text[4096];
static volatile size_t length;
static void on(int s) { int saved = errno; char own[64]; size_t n = length; (void)s; if (n > sizeof own) n = sizeof own; memcpy(own, text, n); if (write(2, own, n) < 0) seen = 1; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
