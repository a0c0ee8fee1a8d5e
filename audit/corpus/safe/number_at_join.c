// truth: safe: stores a flag; two paths with different numbers lead to the system call that installs the handler
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t came;

struct action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

static __attribute__((naked)) void back(void) { __asm__("mov $15, %eax\n syscall"); }

static void on_signal(int number) { came = number; }

int main(int argc, char **argv) {
    struct action action = {on_signal, 0x04000000, back, 0};
    long result, signal_number = SIGUSR1;
    register long size __asm__("r10") = sizeof action.mask;
    __asm__ volatile("test %[few], %[few]\n jz 1f\n mov %[install], %%eax\n jmp 2f\n"
                     "1: mov %[getpid], %%eax\n 2: syscall"
                     : "=&a"(result)
                     : [few] "b"(argc), [install] "i"(SYS_rt_sigaction), [getpid] "i"(SYS_getpid), "D"(signal_number), "S"(&action),
                       "d"(NULL), "r"(size)
                     : "rcx", "r11", "memory");
    while (!came)
        pause();
    return argv == 0;
}
