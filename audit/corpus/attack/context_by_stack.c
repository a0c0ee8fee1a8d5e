// truth: unsafe: the saved instruction pointer is reached from the handler's own stack pointer, not from its third argument
#include "corpus.h"
/* At entry: the return address at rsp, then struct ucontext; gregs begin at 40 in it, RIP is the 17th. */
ASM_HANDLER("lea bad(%rip),%rax\nmov %rax,8+40+16*8(%rsp)\nret")
