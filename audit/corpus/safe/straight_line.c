// truth: safe: a hundred thousand instructions in a straight line
#include "corpus.h"
volatile sig_atomic_t number;
void handler(int);
__asm__(".text\n.globl handler\n.type handler,@function\nhandler:\n.rept 100000\nmovl %edi,number(%rip)\n.endr\nret\n.size handler,.-handler\n");
MAIN(handler)
