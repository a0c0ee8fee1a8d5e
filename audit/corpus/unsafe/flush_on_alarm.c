// truth: unsafe: a watchdog on SIGALRM flushes the log by fflush each second, and sets the alarm again
#include "corpus.h"
static FILE *log_file;
static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    if (log_file)
        fflush(log_file);
    alarm(1);
    errno = saved;
}
int main(void)
{
    log_file = fopen("/dev/null", "w");
    INSTALL(SIGALRM, handler);
    alarm(1);
    for (;;)
        fprintf(log_file, "round\n");
}
