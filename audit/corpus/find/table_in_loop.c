// truth: find: handlers come from a table in writable data that a loop walks to its end mark, as in nginx
#include "corpus.h"
typedef struct { int signo; char *name, *action; void (*handler)(int, siginfo_t *, void *); } entry;
static volatile sig_atomic_t flag;
static void good(int s, siginfo_t *i, void *c) { flag = s; }
static void bad(int s, siginfo_t *i, void *c) { printf("%d\n", s); }
entry entries[] = {
    {SIGHUP, "SIGHUP", "reload", good}, {SIGUSR1, "SIGUSR1", "reopen", good}, {SIGWINCH, "SIGWINCH", "", good},
    {SIGTERM, "SIGTERM", "stop", good}, {SIGQUIT, "SIGQUIT", "quit", good}, {SIGUSR2, "SIGUSR2", "", good},
    {SIGALRM, "SIGALRM", "", good}, {SIGINT, "SIGINT", "", good}, {SIGIO, "SIGIO", "", good},
    {SIGCHLD, "SIGCHLD", "", bad}, {SIGSYS, "SIGSYS, SIG_IGN", "", NULL}, {SIGPIPE, "SIGPIPE, SIG_IGN", "", NULL}, {0, NULL, "", NULL}};
__attribute__((noinline)) int init(int *log) {
    struct sigaction a;
    for (entry *e = entries; e->signo != 0; e++) {
        memset(&a, 0, sizeof a);
        if (e->handler) { a.sa_sigaction = e->handler; a.sa_flags = SA_SIGINFO; } else a.sa_handler = SIG_IGN;
        sigemptyset(&a.sa_mask);
        if (sigaction(e->signo, &a, 0) == -1) { if (*log) perror("sigaction"); return -1; }
    }
    return 0;
}
int main(int c, char **v) { init(&c); for (;;) pause(); }
