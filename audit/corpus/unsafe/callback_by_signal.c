// truth: unsafe: the handler calls what was registered for the signal in a writable table; one of them prints
#include "corpus.h"
typedef void (*callback)(int);
static callback table[65];
static volatile sig_atomic_t flag;
static void set(int s) { flag = s; }
static void show(int s) { puts("child"); }
static void handler(int s) { callback f = table[s]; if (f) f(s); }
__attribute__((noinline)) static void on(int s, callback f) {
    table[s] = f;
    struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigfillset(&a.sa_mask);
    sigaction(s, &a, 0);
}
int main(void) { on(SIGTERM, set); on(SIGCHLD, show); for (;;) pause(); }
