// truth: unsafe: the branch to the call is jrcxz and loop
#include "corpus.h"
ASM_HANDLER("mov %edi,%ecx\nand $1,%ecx\njrcxz 2f\nret\n2: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
