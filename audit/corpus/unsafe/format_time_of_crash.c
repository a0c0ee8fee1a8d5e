// truth: unsafe: the crash handler breaks the time down by localtime_r, which takes a lock and reads the zone's file, and raises again
#include "corpus.h"
static void handler(int sig)
{
    time_t now = time(0);
    struct tm parts;
    char text[] = "crash at 00:00\n";
    if (localtime_r(&now, &parts)) {
        text[9] = '0' + parts.tm_hour / 10;
        text[10] = '0' + parts.tm_hour % 10;
        text[12] = '0' + parts.tm_min / 10;
        text[13] = '0' + parts.tm_min % 10;
    }
    write(2, text, sizeof text - 1);
    signal(sig, SIG_DFL);
    raise(sig);
}
int main(void)
{
    INSTALL(SIGSEGV, handler);
    INSTALL(SIGABRT, handler);
    for (;;)
        pause();
}
