// truth: unsafe: the index is checked and then increased
#include "corpus.h"
ASM_HANDLER("cmp $1,%edi\nja 1f\nmov %edi,%edi\ninc %rdi\nlea table(%rip),%rax\njmp *(%rax,%rdi,8)\n1: ret\n2: movl $1,flag(%rip)\nret\n.pushsection .rodata\n.balign 8\ntable: .quad 2b,1b,bad\n.popsection")
