// expect: fail
// The handler stores through pointers of a list, and lets waitpid change errno.
#include "corpus.h"
struct child { int pid; int status; struct child *next; };
static struct child *children;
static void handler(int s) {
    int status, pid;
    (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (struct child *c = children; c; c = c->next)
            if (c->pid == pid) { c->status = status; break; }
}
int main(void) {
    INSTALL(SIGCHLD, handler);
    for (;;) { struct child *c = malloc(sizeof *c); c->pid = fork(); c->next = children; children = c; pause(); }
}
