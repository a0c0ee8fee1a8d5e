// expect: open
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static size_t append(char *to, size_t size, size_t at, const char *s) {
    while (*s && at + 1 < size) to[at++] = *s++;
    to[at] = 0;
    return at;
}
static const char *const levels[4] = {"debug", "info", "warning", "fatal"};
static volatile sig_atomic_t level = 1;
static void on_usr1(int sig) {
    int saved = errno;
    char line[48];
    size_t n = 0;
    n = append(line, sizeof line, n, "log level ");
    n = append(line, sizeof line, n, levels[(unsigned)level & 3]);
    n = append(line, sizeof line, n, sig == SIGUSR2 ? ", lowered\n" : ", raised\n");
    write(2, line, n);
    errno = saved;
}
int main(void) {
    signal(SIGUSR1, on_usr1);
    signal(SIGUSR2, on_usr1);
    raise(SIGUSR1);
    level = 3;
    raise(SIGUSR2);
    return 0;
}
