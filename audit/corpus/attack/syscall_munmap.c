// truth: unsafe: the syscall instruction with munmap on what the program uses
#include "corpus.h"
ASM_HANDLER("mov $11,%eax\nlea flag(%rip),%rdi\nand $-4096,%rdi\nmov $4096,%esi\nsyscall\nret")
