// truth: safe: a table of constant texts by signal number, written with strlen
#include "corpus.h"
static const char *const names[4] = {"none\n", "hangup\n", "interrupt\n", "quit\n"};
static void handler(int s) {
    int saved = errno;
    const char *name = (unsigned)s < 4 ? names[s] : "other\n";
    (void)!write(2, name, strlen(name));
    errno = saved;
}
int main(void) { INSTALL(SIGHUP, handler); INSTALL(SIGINT, handler); INSTALL(SIGQUIT, handler); for (;;) pause(); }
