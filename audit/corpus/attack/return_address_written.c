// truth: unsafe: the return address on the stack is overwritten by a store, not by a push
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nmov %rax,(%rsp)\nret")
