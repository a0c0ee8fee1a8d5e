// truth: unsafe: a hundred thousand harmless instructions and then a call of stdio
#include "corpus.h"
ASM_HANDLER(".rept 100000\nmovl %edi,flag(%rip)\n.endr\nsub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
