// truth: unsafe: leave takes the stack from a register that points at a table
#include "corpus.h"
ASM_HANDLER("push %rbp\nlea frame(%rip),%rbp\nleave\nret\n.pushsection .data\n.balign 16\n.zero 4096\nframe: .quad 0, bad\n.zero 64\n.popsection")
