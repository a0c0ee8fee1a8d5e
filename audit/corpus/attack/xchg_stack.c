// truth: unsafe: the stack pointer is exchanged with a register that points at a table of addresses
#include "corpus.h"
ASM_HANDLER("lea frame(%rip),%rax\nxchg %rax,%rsp\nret\n.pushsection .data\n.balign 16\n.zero 4096\nframe: .quad bad\n.zero 64\n.popsection")
