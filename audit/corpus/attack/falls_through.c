// truth: unsafe: the handler has no end and runs on into the next function
#include "corpus.h"
ASM_HANDLER("movl $1,flag(%rip)\n.cfi_endproc\n.size handler,.-handler\n.globl next\n.type next,@function\nnext:\n.cfi_startproc\nsub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
