// truth: safe: stores a flag; control goes to a system call by a pointer that is not known, and its number shows that it is a futex
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t came;
static int word;

static void on_signal(int number) { came = number; }

static __attribute__((noinline)) long step(int at, void **labels[]) {
    static void *known[] = {&&wake, &&wait};
    if (at < 0) {
        *labels = known;
        return 0;
    }
    goto *(*labels)[at];
wake:
    return syscall(SYS_futex, &word, 129, 1, 0, 0, 0);
wait:
    return word;
}

int main(int argc, char **argv) {
    void **labels = 0;
    signal(SIGUSR1, on_signal);
    step(-1, &labels);
    step(argc % 2, &labels);
    while (!came)
        pause();
    return argv == 0;
}
