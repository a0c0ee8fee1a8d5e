// truth: unsafe: the handler reads through a pointer that the program frees and sets again, without blocking the signal
#include "corpus.h"
struct config { int level; int fd; };
static struct config *volatile config;
static volatile sig_atomic_t level;
static void handler(int sig) { (void)sig; level = config->level; }
int main(void)
{
    config = calloc(1, sizeof *config);
    INSTALL(SIGHUP, handler);
    for (;;) {
        struct config *old = config;
        free(old);
        struct config *fresh = malloc(sizeof *fresh);
        fresh->level = level + 1;
        config = fresh;
        pause();
    }
}
