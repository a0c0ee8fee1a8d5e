// truth: unsafe: the copy of an index is checked after the index itself has been changed
#include "corpus.h"
ASM_HANDLER("lea -1(%rdi),%eax\nmov $60,%edi\ncmp $9,%eax\nja 1f\nlea table(%rip),%rdx\njmp *(%rdx,%rdi,8)\n1: ret\n.pushsection .rodata\n.balign 8\ntable: .quad 1b,1b\n.rept 126\n.quad bad\n.endr\n.popsection")
