// truth: unsafe: lock bts until the bit was clear: a lock
#include "corpus.h"
ASM_HANDLER("1: lock btsl $0,lock(%rip)\njc 1b\nmovl $1,flag(%rip)\nlock btrl $0,lock(%rip)\nret\n.pushsection .bss\n.balign 4\nlock: .zero 4\n.popsection")
