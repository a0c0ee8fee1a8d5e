// truth: unsafe: an AVX-512 scatter stores to eight addresses
#include "corpus.h"
ASM_HANDLER("kxnorw %k1,%k1,%k1\nvpscatterdd %zmm0,(%rax,%zmm1,4){%k1}\nret")
