// truth: unsafe: steps over the instruction that faulted, by writing its address into the ucontext through a helper and a register pointer
#include "corpus.h"
#include <ucontext.h>
static volatile long faults;
__attribute__((noinline)) static void skip(greg_t *regs, int by) { regs[REG_RIP] += by; }
static void handler(int s, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    faults++;
    skip(uc->uc_mcontext.gregs, 3);
}
int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &a, 0);
    for (;;) pause();
}
