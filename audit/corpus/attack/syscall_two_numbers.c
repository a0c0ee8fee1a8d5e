// truth: unsafe: the number is that of write on one path and that of rt_sigreturn on the other
#include "corpus.h"
ASM_HANDLER("mov $1,%eax\ntest $4,%edi\nje 1f\nmov $15,%eax\n1: mov $1,%edi\nlea flag(%rip),%rsi\nmov $1,%edx\nsyscall\nret")
