// truth: unsafe: only eight bits of errno are put back
#include "corpus.h"
ASM_HANDLER("push %rbx\npush %rbp\nsub $8,%rsp\ncall __errno_location@PLT\nmov %rax,%rbp\nmovzbl (%rax),%ebx\nmov $1,%edi\nlea flag(%rip),%rsi\nmov $1,%edx\ncall write@PLT\nmov %bl,(%rbp)\nadd $8,%rsp\npop %rbp\npop %rbx\nret")
