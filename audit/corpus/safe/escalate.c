// truth: safe: the first interrupt asks, the second warns by a constant text, the third ends the process by _exit
#include "corpus.h"
static volatile sig_atomic_t asked;
static void handler(int sig)
{
    static const char text[] = "interrupt once more to end at once\n";
    int saved = errno;
    switch (++asked) {
    case 1:
        break;
    case 2:
        write(2, text, sizeof text - 1);
        break;
    default:
        _exit(128 + sig);
    }
    errno = saved;
}
int main(void)
{
    INSTALL(SIGINT, handler);
    while (asked < 2)
        pause();
    return 0;
}
