// truth: unsafe: one way to the jump goes round the check of its index
#include "corpus.h"
ASM_HANDLER("mov %edi,%eax\ntest $64,%edi\njne 3f\ncmp $1,%eax\nja 1f\n3: lea table(%rip),%rdx\njmp *(%rdx,%rax,8)\n1: ret\n2: movl $1,flag(%rip)\nret\n.pushsection .rodata\n.balign 8\ntable: .quad 2b,1b\n.rept 126\n.quad bad\n.endr\n.popsection")
