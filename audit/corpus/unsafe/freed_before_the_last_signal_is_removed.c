// truth: unsafe: the program frees the path of the handler while the handler is still installed for one of its signals
#include "corpus.h"
static char *volatile path;
static void quit(int s) { (void)s; if (path) unlink(path); _exit(1); }
int main(int argc, char **argv) {
    char *name = strdup(argv[argc - 1]);
    if (!name) return 1;
    INSTALL(SIGINT, quit);
    INSTALL(SIGTERM, quit);
    path = name;
    pause();
    signal(SIGINT, SIG_DFL);
    free(name);
    signal(SIGTERM, SIG_IGN);
    return 0;
}
