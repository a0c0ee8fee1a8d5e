// truth: unsafe: a branch into the middle of an instruction, where other instructions stand
#include "corpus.h"
/* The eight bytes of the constant are: push rbp; pop rbp; jmp to the call; four nop. */
ASM_HANDLER("test %edi,%edi\njne 1f+2\n1: .byte 0x48,0xb8\npush %rbp\npop %rbp\njmp 2f\nnop\nnop\nnop\nnop\nret\n2: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
