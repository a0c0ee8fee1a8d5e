// truth: unsafe: the program frees the path that it has stored for the handler, and clears the pointer only afterwards
#include "corpus.h"
static char *volatile path;
static void quit(int s) { (void)s; if (path) unlink(path); _exit(1); }
int main(int argc, char **argv) {
    INSTALL(SIGINT, quit);
    for (int i = 0; i < argc; i++) {
        char *name = strdup(argv[i]);
        if (!name) return 1;
        int fd = mkstemp(name);
        path = name;
        close(fd);
        free(name);
        path = NULL;
    }
    return 0;
}
