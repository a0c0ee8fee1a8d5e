// truth: unsafe: the base of gs is changed and stays changed
#include "corpus.h"
ASM_HANDLER("lea flag(%rip),%rax\nwrgsbase %rax\nret")
