// truth: unsafe: the bound is checked on one register and another is the index
#include "corpus.h"
ASM_HANDLER("mov %edi,%ecx\ncmp $1,%ecx\nja 1f\nmovl which(%rip),%edi\nlea table(%rip),%rax\njmp *(%rax,%rdi,8)\n1: ret\n2: movl $1,flag(%rip)\nret\n.pushsection .data\nwhich: .long 2\n.popsection\n.pushsection .rodata\n.balign 8\ntable: .quad 2b,1b,bad\n.popsection")
