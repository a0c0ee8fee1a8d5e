// expect: undecided
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <stdatomic.h>
static atomic_long total, sum, share;
static void on_alarm(int sig) {
    long t = atomic_load(&total);
    (void)sig;
    if (t == 0) return;
    atomic_store(&share, atomic_load(&sum) / t);
}
int main(int argc, char **argv) {
    (void)argv;
    signal(SIGALRM, on_alarm);
    atomic_store(&total, argc > 5 ? -1 : 5);
    atomic_store(&sum, argc > 4 ? (long)(1ul << 63) : 8);
    raise(SIGALRM);
    return atomic_load(&share) != 1;
}
