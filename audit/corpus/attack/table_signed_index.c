// truth: unsafe: the index is compared as a signed number, so that negative ones reach in front of the table
#include "corpus.h"
ASM_HANDLER("mov which(%rip),%edi\ncmp $1,%edi\njg 1f\nmovslq %edi,%rdi\nlea table(%rip),%rax\njmp *(%rax,%rdi,8)\n1: ret\n2: movl $1,flag(%rip)\nret\n.pushsection .rodata\n.balign 8\n.quad bad\ntable: .quad 2b,1b\n.popsection\n.pushsection .data\nwhich: .long -1\n.popsection")
