// truth: find: a loop walks a table in writable data to its end mark, and gives each entry to a function that changes it
#include "corpus.h"
typedef struct { int signo; void (*handler)(int); } entry;
static volatile sig_atomic_t a1;
static void h1(int s) { a1 = s; }
static void bad(int s) { printf("%d\n", s); }
static entry entries[] = {{SIGHUP, h1}, {SIGUSR1, h1}, {SIGTERM, h1}, {0, 0}};
static const entry loud = {SIGTERM, bad};
NOINLINE static void change(void *e) { __asm__ volatile("" ::: "memory"); memcpy(e, &loud, sizeof loud); }
int main(int c, char **v) {
    struct sigaction a;
    (void)v;
    for (entry *e = entries; e->signo != 0; e++) {
        if (e->signo == c) change(e);
        memset(&a, 0, sizeof a);
        a.sa_handler = e->handler;
        sigaction(e->signo, &a, 0);
    }
    for (;;) pause();
}
