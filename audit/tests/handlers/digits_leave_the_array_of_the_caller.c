// expect: undecided
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <stdatomic.h>
static atomic_ulong bytes;
__attribute__((noinline)) static char *put(char *at, unsigned digit) { *--at = (char)('0' + digit); return at; }
static void on_usr1(int sig) {
    int saved = errno;
    char text[10], *at = text + sizeof text;
    unsigned long n = atomic_load(&bytes);
    (void)sig;
    do { at = put(at, (unsigned)(n % 10)); n /= 10; } while (n);
    write(2, at, (size_t)(text + sizeof text - at));
    errno = saved;
}
int main(void) {
    atomic_store(&bytes, 1234567);
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
