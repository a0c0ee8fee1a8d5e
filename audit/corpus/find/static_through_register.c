// truth: find: a static file loads the address of signal from the linker's table, and calls the register
// only: gcc-static
// flags: -Wl,--no-relax
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void other(void) {
    __asm__ volatile("movq signal@GOTPCREL(%%rip), %%rbx\n\tmovl $10, %%edi\n\tmovq %0, %%rsi\n\tcall *%%rbx"
                     : : "r"(bad) : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}
int main(void) { signal(SIGTERM, good); other(); while (!f) pause(); return 0; }
