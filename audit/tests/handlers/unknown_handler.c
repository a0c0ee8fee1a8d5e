// expect: undecided
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile sig_atomic_t seen;
static void good(int s) { seen = s; }
void (*chosen(const char *))(int);
struct app { int n; void (*f)(int); };
int main(int c, char **v) { struct app *app = calloc(1, sizeof *app); if (read(0, app, sizeof *app) < 0 || c < 0 || !v) return 1; signal(SIGINT, good); signal(SIGTERM, app->f); for (;;) pause(); }
