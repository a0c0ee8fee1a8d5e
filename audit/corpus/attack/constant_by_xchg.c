// truth: unsafe: xchg, xadd and cmpxchg change their second operand too, which decides the branch
#include "corpus.h"
ASM_HANDLER("xor %eax,%eax\nxor %edx,%edx\nmov %edi,%ecx\nxadd %edx,%ecx\ntest %edx,%edx\njne 1f\nret\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
