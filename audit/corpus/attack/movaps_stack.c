// truth: unsafe: movaps to the stack at an address that is not a multiple of sixteen (at entry rsp is eight above one)
#include "corpus.h"
ASM_HANDLER("movaps %xmm0,-16(%rsp)\nret")
