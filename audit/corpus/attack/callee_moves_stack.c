// truth: unsafe: a helper returns with the stack pointer eight bytes lower, so that the handler returns elsewhere
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rdx\nsub $8,%rsp\ncall helper\nadd $8,%rsp\nret\n.cfi_endproc\n.size handler,.-handler\n.type helper,@function\nhelper:\n.cfi_startproc\npop %rax\nadd $8,%rsp\npush %rdx\npush %rdx\njmp *%rax")
