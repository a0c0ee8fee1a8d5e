// truth: unsafe: the copy of an index passes the check because a sum wraps round
#include "corpus.h"
ASM_HANDLER("lea -20(%rdi),%eax\ncmp $-10,%eax\njb 1f\nlea table(%rip),%rdx\nmov %edi,%edi\njmp *(%rdx,%rdi,8)\n1: ret\n.pushsection .rodata\n.balign 8\ntable: .quad 1b,1b\n.rept 126\n.quad bad\n.endr\n.popsection")
