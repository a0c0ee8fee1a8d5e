// expect: open
// An array of a variable length, which is tested: its bound is not followed, but nothing is wrong with it.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static volatile int length;
static void handler(int s) {
    (void)s;
    int saved = errno, bytes = length;
    if (bytes < 1 || bytes > 64) return;
    char text[bytes];
    memset(text, 'a', bytes);
    (void)!write(1, text, bytes);
    errno = saved;
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
