// truth: unsafe: the return address is overwritten by rep stosq
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nmov %rsp,%rdi\nmov $1,%ecx\nrep stosq\nret")
