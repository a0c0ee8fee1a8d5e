// truth: unsafe: the handler renames files, which it may, but makes their names by snprintf
#include "corpus.h"
static const char *path = "log";
static void handler(int sig)
{
    int saved = errno;
    char from[64], to[64];
    (void)sig;
    for (int n = 4; n > 0; n--) {
        snprintf(from, sizeof from, "%s.%d", path, n);
        snprintf(to, sizeof to, "%s.%d", path, n + 1);
        rename(from, to);
    }
    errno = saved;
}
int main(void) { INSTALL(SIGUSR2, handler); for (;;) pause(); }
