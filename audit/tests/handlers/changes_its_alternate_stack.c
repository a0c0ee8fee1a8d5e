// expect: undecided
// The handler gives its frame to the kernel as an alternate stack, by a system call of its own.
#include "corpus.h"
NOINLINE static void use(const void *p) { __asm__ volatile("" :: "r"(p) : "memory"); }
static void handler(int s) { int keep = errno; (void)s; char own[8192]; stack_t st = { .ss_sp = own, .ss_size = sizeof own }; syscall(SYS_sigaltstack, &st, 0); use(own); errno = keep; }
MAIN(handler)
