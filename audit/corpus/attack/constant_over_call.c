// truth: unsafe: a constant in a register that a call does not keep
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\nxor %eax,%eax\ncall getpid@PLT\ntest %eax,%eax\njne 1f\nadd $8,%rsp\nret\n1: call bad\nadd $8,%rsp\nret")
