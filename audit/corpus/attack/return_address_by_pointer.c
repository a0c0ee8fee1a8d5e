// truth: unsafe: the return address is overwritten through a pointer computed from the frame
#include "corpus.h"
ASM_HANDLER("lea 8(%rsp),%rdx\nlea bad(%rip),%rax\nmov %rax,-8(%rdx)\nret")
