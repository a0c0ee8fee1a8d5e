// expect: undecided
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <stdatomic.h>
static atomic_ulong bytes;
static void on_usr1(int sig) {
    int saved = errno, at = 12;
    char key[16], text[12];
    unsigned long n = atomic_load(&bytes);
    memset(key, sig, sizeof key);
    do { text[--at] = (char)('0' + n % 10); n /= 10; } while (n);
    write(2, text + at, sizeof text - (size_t)at);
    write(2, key, sizeof key);
    errno = saved;
}
int main(void) {
    atomic_store(&bytes, 1234567);
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
