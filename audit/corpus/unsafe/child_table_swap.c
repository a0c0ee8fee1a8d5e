// truth: unsafe: SIGCHLD moves the last entry of the table into the hole, while the program adds entries without blocking it
#include "corpus.h"
static volatile struct { pid_t pid; int fd; } children[16]; static volatile int n;
static void handler(int s) { (void)s; int e = errno; pid_t p; while ((p = waitpid(-1, 0, WNOHANG)) > 0) for (int i = 0; i < n && i < 16; i++) if (children[i].pid == p) { n = n - 1; int l = n & 15; children[i].pid = children[l].pid; children[i].fd = children[l].fd; break; } errno = e; }
int main(void) { INSTALL(SIGCHLD, handler); for (;;) { pid_t p = fork(); if (p == 0) _exit(0); if (n < 16) { children[n].pid = p; children[n].fd = p & 7; n = n + 1; } usleep(100); } }
