// truth: find: the kernel reads the lower half of the number of a system call, so this one installs a handler
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

struct action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

static __attribute__((naked)) void back(void) { __asm__("mov $15, %eax\n syscall"); }

static void on_signal(int number) { printf("%d\n", number); }

int main(void) {
    struct action action = {on_signal, 0x04000000, back, 0};
    syscall(0x100000000L | SYS_rt_sigaction, SIGUSR1, &action, 0, sizeof action.mask);
    for (;;)
        pause();
}
