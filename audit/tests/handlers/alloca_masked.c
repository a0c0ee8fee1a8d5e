// expect: open
// An array of at most 256 bytes by alloca: its bound is not followed, but nothing is wrong with it.
#include <alloca.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static volatile unsigned length;
static void handler(int s) {
    (void)s;
    int saved = errno;
    unsigned bytes = length & 255;
    char *text = alloca(bytes + 1);
    memset(text, 'x', bytes + 1);
    (void)!write(1, text, bytes + 1);
    errno = saved;
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
