// truth: unsafe: the unwind table says that the handler ends before its call
#include "corpus.h"
void handler(int);
__attribute__((used)) void bad(void) { puts("bad"); }
__asm__(".text\n.globl handler\nhandler:\n.cfi_startproc\nnop\n.cfi_endproc\nsub $8,%rsp\ncall bad\nadd $8,%rsp\nret\n");
MAIN(handler)
