// truth: unsafe: the thread pointer is changed by wrfsbase
#include "corpus.h"
ASM_HANDLER("xor %eax,%eax\nwrfsbase %rax\nret")
