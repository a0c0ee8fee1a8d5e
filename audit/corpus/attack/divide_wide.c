// truth: unsafe: divides a number of two words, whose quotient does not fit: SIGFPE
#include "corpus.h"
ASM_HANDLER("mov $5,%edx\nmov $3,%ecx\nxor %eax,%eax\ndiv %ecx\nmov %eax,flag(%rip)\nret")
