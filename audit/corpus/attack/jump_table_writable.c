// truth: unsafe: computed goto through a table that is not const
#include "corpus.h"
ASM_HANDLER("and $1,%edi\nlea table(%rip),%rax\njmp *(%rax,%rdi,8)\n1: movl $1,flag(%rip)\n2: ret\n.pushsection .data\n.balign 8\n.globl table\ntable: .quad 1b,2b\n.popsection")
