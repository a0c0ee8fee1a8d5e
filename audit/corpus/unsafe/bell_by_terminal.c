// truth: unsafe: SIGWINCH asks for the size and writes it by printf
#include "corpus.h"
#include <sys/ioctl.h>
static void handler(int sig)
{
    struct winsize size;
    int saved = errno;
    (void)sig;
    if (ioctl(0, TIOCGWINSZ, &size) == 0)
        printf("\033[%dH%d x %d", size.ws_row, size.ws_col, size.ws_row);
    errno = saved;
}
int main(void) { INSTALL(SIGWINCH, handler); for (;;) pause(); }
