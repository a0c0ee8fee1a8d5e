// truth: unsafe: the syscall instruction with a futex wait, which is how locks wait
#include "corpus.h"
ASM_HANDLER("mov $202,%eax\nlea flag(%rip),%rdi\nxor %esi,%esi\nxor %edx,%edx\nxor %r10d,%r10d\nsyscall\nret")
