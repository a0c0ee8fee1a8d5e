// truth: safe: the program frees the path of the handler after it has removed the handler
#include "corpus.h"
static char *volatile path;
static void quit(int s) { (void)s; if (path) unlink(path); _exit(1); }
int main(int argc, char **argv) {
    char *name = strdup(argv[argc - 1]);
    if (!name) return 1;
    path = name;
    INSTALL(SIGINT, quit);
    INSTALL(SIGTERM, quit);
    pause();
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_IGN);
    free(name);
    return 0;
}
