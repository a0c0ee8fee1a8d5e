// truth: safe: a table with null entries, which a test of a bit of a constant keeps away from
// expect: pass
#include "corpus.h"
static volatile sig_atomic_t last;
static void first(int s) { last = s; }
static void second(int s) { last = -s; }
static void (*const table[32])(int) = {[1] = first, [24] = second};
static void handler(int s) {
    unsigned long number = s;
    unsigned char is_set;
    if (number > 31) return;
    __asm__ volatile("bt %1, %2\n\tjnc 1f\n\tmovl %k1, %%edi\n\tcall *(%3, %1, 8)\n1:"
                     : "=q"(is_set) : "b"(number), "r"(0x1000002ul), "r"(table)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}
int main(void) { INSTALL(SIGHUP, handler); INSTALL(SIGXCPU, handler); INSTALL(SIGUSR1, handler); for (;;) pause(); }
