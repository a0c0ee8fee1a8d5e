// truth: unsafe: SIGHUP has the log opened again by freopen in the handler, after a rotation
#include "corpus.h"
static FILE *log_file;
static const char *path = "/tmp/corpus.log";
static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    log_file = freopen(path, "a", log_file);
    errno = saved;
}
int main(void)
{
    log_file = fopen(path, "a");
    INSTALL(SIGHUP, handler);
    for (;;)
        fputs("line\n", log_file);
}
