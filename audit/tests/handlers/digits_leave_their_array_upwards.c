// expect: undecided
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <stdatomic.h>
static atomic_ulong bytes;
static void on_usr1(int sig) {
    int saved = errno;
    struct { char digits[8], name[32]; } t;
    size_t n = 0;
    unsigned long v = atomic_load(&bytes);
    memset(t.name, sig, sizeof t.name);
    do { t.digits[n++] = (char)('0' + v % 10); v /= 10; } while (v);
    while (n) write(2, &t.digits[--n], 1);
    write(2, t.name, sizeof t.name);
    errno = saved;
}
int main(void) {
    atomic_store(&bytes, 1234567);
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
