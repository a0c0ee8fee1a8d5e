// truth: unsafe: an index on the stack is changed after it was copied, and the copy is checked
#include "corpus.h"
ASM_HANDLER("mov %edi,-4(%rsp)\nmov -4(%rsp),%eax\nlea -8(%rsp),%rcx\naddl $50,4(%rcx)\ncmp $10,%eax\nja 1f\nmov -4(%rsp),%eax\nlea table(%rip),%rdx\njmp *(%rdx,%rax,8)\n1: ret\n.pushsection .rodata\n.balign 8\ntable: .quad 1b,1b\n.rept 126\n.quad bad\n.endr\n.popsection")
