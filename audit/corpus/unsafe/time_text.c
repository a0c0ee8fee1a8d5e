// truth: unsafe: localtime_r takes a lock and reads the time zone's file; strftime reads the locale
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    char text[32];
    struct tm parts;
    time_t now = time(0);
    (void)s;
    localtime_r(&now, &parts);
    size_t n = strftime(text, sizeof text, "%H:%M:%S\n", &parts);
    (void)!write(2, text, n);
    errno = saved;
}
MAIN(handler)
