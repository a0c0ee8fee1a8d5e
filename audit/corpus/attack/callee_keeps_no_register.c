// truth: unsafe: a helper changes rbx, in which the handler kept the address that it calls, against the calling convention
#include "corpus.h"
ASM_HANDLER("push %rbx\nlea fine(%rip),%rbx\ncall helper\ncall *%rbx\npop %rbx\nret\n.cfi_endproc\n.size handler,.-handler\n.type helper,@function\nhelper:\n.cfi_startproc\nlea bad(%rip),%rbx\nret")
