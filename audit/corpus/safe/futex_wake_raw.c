// truth: safe: stores an atomic word and wakes its waiters by a system call of its own, FUTEX_WAKE, that does not touch errno
#include "corpus.h"
#include <linux/futex.h>
#include <stdatomic.h>
static atomic_int word;
static void on_usr1(int sig) {
    long r;
    atomic_store(&word, sig);
    __asm__ volatile("syscall" : "=a"(r)
                     : "0"((long)SYS_futex), "D"(&word), "S"((long)FUTEX_WAKE_PRIVATE), "d"(1L)
                     : "rcx", "r11", "memory");
}
static void *waiter(void *arg) {
    (void)arg;
    while (!atomic_load(&word)) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, 0);
    return 0;
}
int main(void) {
    pthread_t t;
    INSTALL(SIGUSR1, on_usr1);
    if (pthread_create(&t, 0, waiter, 0)) return 1;
    raise(SIGUSR1);
    pthread_join(t, 0);
    return 0;
}
