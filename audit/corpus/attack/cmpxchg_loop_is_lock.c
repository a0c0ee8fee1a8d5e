// truth: unsafe: cmpxchg from 0 to 1 until it succeeds, with pause: a lock, not a counter
#include "corpus.h"
ASM_HANDLER("1: xor %eax,%eax\nmov $1,%edx\nlock cmpxchg %edx,lock(%rip)\nje 2f\npause\njmp 1b\n2: movl $1,flag(%rip)\nmovl $0,lock(%rip)\nret\n.pushsection .bss\n.balign 4\nlock: .zero 4\n.popsection")
