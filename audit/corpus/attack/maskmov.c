// truth: unsafe: maskmovdqu stores through rdi, which its text does not show
#include "corpus.h"
ASM_HANDLER("pcmpeqd %xmm0,%xmm0\npcmpeqd %xmm1,%xmm1\nmovslq %edi,%rdi\nmaskmovdqu %xmm1,%xmm0\nret")
