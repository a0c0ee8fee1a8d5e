// expect: open
// No list has these functions, but glibc's manual marks them AS-Safe. None of them changes errno.
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
static char text[16];
static void on_usr1(int sig) {
    (void)sig;
    explicit_bzero(text, sizeof text);
    mempcpy(text, "signal\n", 8);
    *(char *)rawmemchr(text, '\n') = '.';
}
int main(void) {
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
