// expect: fail
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
struct sink;
struct calls { void (*put)(struct sink *, int); };
struct sink { const struct calls *calls; };
static volatile sig_atomic_t seen;
__attribute__((noinline)) static void keep(struct sink *s, int n) { (void)s; seen = n; }
__attribute__((noinline)) static void print(struct sink *s, int n) { (void)s; printf("%d\n", n); }
static const struct calls quiet_calls = { keep }, loud_calls = { print };
static struct sink quiet = { &quiet_calls }, loud = { &loud_calls };
static struct sink *volatile sink = &quiet;
static void on(int s) { int saved = errno; sink->calls->put(sink, s); errno = saved; }
int main(int argc, char **argv) { struct sigaction a; (void)argv; if (argc > 1) sink = &loud; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
