// expect: fail
// The error of the second call is not looked at.
#include <errno.h>
#include <signal.h>
#include <unistd.h>
static int ends[2];
static void handler(int s) {
    int saved = errno;
    char byte = (char)s;
    if (write(ends[1], &byte, 1) < 0) {
        errno = saved;
        (void)!write(2, "full\n", 5);
    }
}
int main(void) {
    if (pipe(ends)) return 1;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
