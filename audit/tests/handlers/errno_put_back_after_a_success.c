// expect: fail
// errno is put back only where the call did not change it.
#include <errno.h>
#include <signal.h>
#include <unistd.h>
static int ends[2];
static void handler(int s) {
    int saved = errno;
    char byte = (char)s;
    if (write(ends[1], &byte, 1) >= 0) errno = saved;
}
int main(void) {
    if (pipe(ends)) return 1;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
