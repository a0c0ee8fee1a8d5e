// truth: unsafe: a loop that counts by two up to an odd number and so never ends
#include "corpus.h"
ASM_HANDLER("xor %eax,%eax\n1: add $2,%eax\nmovl %eax,flag(%rip)\ncmp $7,%eax\njne 1b\nret")
