// truth: unsafe: waits until an atomic word changes by a system call of its own, FUTEX_WAIT
#include "corpus.h"
#include <linux/futex.h>
#include <stdatomic.h>
static atomic_int word;
static void on_usr1(int sig) {
    long r;
    (void)sig;
    __asm__ volatile("syscall" : "=a"(r)
                     : "0"((long)SYS_futex), "D"(&word), "S"((long)FUTEX_WAIT_PRIVATE), "d"(0L)
                     : "rcx", "r11", "r10", "memory");
}
int main(void) {
    INSTALL(SIGUSR1, on_usr1);
    atomic_store(&word, 1);
    raise(SIGUSR1);
    return 0;
}
