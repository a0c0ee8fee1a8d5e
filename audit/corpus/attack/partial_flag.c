// truth: unsafe: the flag "in a handler" is passed in the low byte only and read as a whole register
#include "corpus.h"
ASM_HANDLER("mov %edi,%eax\nmov $0,%al\ntest %eax,%eax\njne 1f\ntest $1,%edi\njne 1f\nmov %rsp,%rax\nmov $0,%al\ntest %eax,%eax\njne 1f\nret\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
