// truth: unsafe: a far jump through memory
#include "corpus.h"
ASM_HANDLER("ljmp *target(%rip)\n.pushsection .data\ntarget: .long 0\n.word 0x33\n.popsection")
