// truth: unsafe: the index is exchanged for another between its copy and the check of the copy
#include "corpus.h"
ASM_HANDLER("lea 40(%rdi),%rcx\nlea -1(%rdi),%eax\nxchg %edi,%ecx\ncmp $9,%eax\nja 1f\nlea table(%rip),%rdx\njmp *(%rdx,%rdi,8)\n1: ret\n.pushsection .rodata\n.balign 8\ntable: .quad 1b,1b\n.rept 126\n.quad bad\n.endr\n.popsection")
