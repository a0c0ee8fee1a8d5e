// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static void on(int s) { char text[12]; int at = 12, saved = errno; unsigned n = s; do { text[--at] = 48 + n % 10; n /= 10; } while (n); if (write(1, text + at, 12 - at) < 0) at = 0; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
