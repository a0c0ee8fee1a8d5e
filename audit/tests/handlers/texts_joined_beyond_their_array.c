// expect: undecided
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static const char *const levels[4] = {"debug", "info", "warning", "fatal"};
static volatile sig_atomic_t level = 1;
static void on_usr1(int sig) {
    int saved = errno;
    struct { char line[16], key[32]; } t;
    size_t n = 0;
    memset(t.key, sig, sizeof t.key);
    for (const char *s = "log level "; *s && n < 47; s++) t.line[n++] = *s;
    for (const char *s = levels[(unsigned)level & 3]; *s && n < 47; s++) t.line[n++] = *s;
    for (const char *s = sig == SIGUSR2 ? ", lowered\n" : ", raised\n"; *s && n < 47; s++) t.line[n++] = *s;
    write(2, t.line, n);
    write(2, t.key, sizeof t.key);
    errno = saved;
}
int main(void) {
    signal(SIGUSR1, on_usr1);
    signal(SIGUSR2, on_usr1);
    raise(SIGUSR1);
    return 0;
}
