// truth: unsafe: a store through gs, whose base nobody knows
#include "corpus.h"
ASM_HANDLER("movl $1,%gs:0\nret")
