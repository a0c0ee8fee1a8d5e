// truth: unsafe: a helper overwrites the return address of the handler through a pointer
#include "corpus.h"
ASM_HANDLER("mov %rsp,%rdi\nsub $8,%rsp\ncall helper\nadd $8,%rsp\nret\n.cfi_endproc\n.size handler,.-handler\n.type helper,@function\nhelper:\n.cfi_startproc\nlea bad(%rip),%rax\nmov %rax,(%rdi)\nret")
