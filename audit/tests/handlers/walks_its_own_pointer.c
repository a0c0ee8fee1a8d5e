// expect: open
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static const char *at = "hello\n";
static void on_usr1(int sig) {
    int saved = errno;
    (void)sig;
    if (at) {
        write(1, at, 1);
        if (*at == '\n') at = 0;
        else at++;
    }
    errno = saved;
}
int main(void) {
    signal(SIGUSR1, on_usr1);
    for (int i = 0; i < 8; i++) raise(SIGUSR1);
    return 0;
}
