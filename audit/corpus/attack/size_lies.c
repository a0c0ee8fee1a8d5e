// truth: unsafe: the symbol says that the handler ends before its call
#include "corpus.h"
void handler(int);
__attribute__((used)) void bad(void) { puts("bad"); }
__asm__(".text\n.globl handler\n.type handler,@function\nhandler:\nnop\nnop\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret\n.size handler,1b-handler\n");
MAIN(handler)
