// truth: safe: all handlers of a table in writable data, which a loop walks to its end mark, store flags
#include "corpus.h"
typedef struct { int signo; char *name, *action; void (*handler)(int); } entry;
static volatile sig_atomic_t a1, a2, a3;
static void h1(int s) { a1 = 1; }
static void h2(int s) { a2 = 1; }
static void h3(int s) { a3 = s; }
entry entries[] = {
    {SIGHUP, "SIGHUP", "reload", h1}, {SIGUSR1, "SIGUSR1", "reopen", h2}, {SIGWINCH, "SIGWINCH", "", h3},
    {SIGTERM, "SIGTERM", "stop", h1}, {SIGQUIT, "SIGQUIT", "quit", h2}, {SIGUSR2, "SIGUSR2", "", h3},
    {SIGALRM, "SIGALRM", "", h1}, {SIGINT, "SIGINT", "", h2}, {SIGIO, "SIGIO", "", h3},
    {SIGCHLD, "SIGCHLD", "", h1}, {SIGSYS, "SIGSYS, SIG_IGN", "", NULL}, {SIGPIPE, "SIGPIPE, SIG_IGN", "", NULL}, {0, NULL, "", NULL}};
__attribute__((noinline)) int init(int *log) {
    struct sigaction a;
    for (entry *e = entries; e->signo != 0; e++) {
        memset(&a, 0, sizeof a);
        if (e->handler) a.sa_handler = e->handler; else a.sa_handler = SIG_IGN;
        sigemptyset(&a.sa_mask);
        if (sigaction(e->signo, &a, 0) == -1) return -1;
    }
    return 0;
}
int main(int c, char **v) { init(&c); for (;;) pause(); }
