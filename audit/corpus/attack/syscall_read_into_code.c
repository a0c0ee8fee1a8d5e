// truth: unsafe: the syscall instruction with read, into the stack above the handler's frame
#include "corpus.h"
ASM_HANDLER("xor %eax,%eax\nxor %edi,%edi\nmov %rsp,%rsi\nmov $64,%edx\nsyscall\nret")
