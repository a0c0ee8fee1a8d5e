// truth: unsafe: a call pushes its return address over the red zone, in which the handler kept what errno was
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\ncall __errno_location@PLT\nmov (%rax),%ecx\nmov %ecx,-8(%rsp)\nmov $1,%edi\nlea flag(%rip),%rsi\nmov $1,%edx\ncall write@PLT\ncall __errno_location@PLT\nmov -8(%rsp),%ecx\nmov %ecx,(%rax)\nadd $8,%rsp\nret")
