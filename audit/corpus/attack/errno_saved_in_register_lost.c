// truth: unsafe: errno is saved in a register that the call does not keep
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\ncall __errno_location@PLT\nmov (%rax),%r10d\nmov $1,%edi\nlea flag(%rip),%rsi\nmov $1,%edx\ncall write@PLT\ncall __errno_location@PLT\nmov %r10d,(%rax)\nadd $8,%rsp\nret")
