// truth: unsafe: the address of the called function is computed from the return address
#include "corpus.h"
ASM_HANDLER("call 1f\n1: pop %rax\nadd $(bad-1b),%rax\nsub $8,%rsp\ncall *%rax\nadd $8,%rsp\nret")
