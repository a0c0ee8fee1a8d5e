// truth: safe: the handler ends in a call that never returns, and the bytes behind it belong to nothing it reaches
#include "corpus.h"
__attribute__((used)) void later(void) { puts("not reached by the handler"); }
__attribute__((noreturn, used)) void leave(int s) { (void)s; for (;;) _exit(3); }
void handler(int);
__asm__(".text\n.globl handler\n.type handler,@function\nhandler:\n.cfi_startproc\nsub $8,%rsp\n.cfi_def_cfa_offset 16\n"
        "call leave\n.cfi_endproc\n.size handler,.-handler\n"
        ".globl behind\n.type behind,@function\nbehind:\n.cfi_startproc\njmp later\n.cfi_endproc\n.size behind,.-behind\n");
MAIN(handler)
