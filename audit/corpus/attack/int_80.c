// truth: unsafe: a system call of the 32-bit interface, whose numbers mean other things
#include "corpus.h"
ASM_HANDLER("mov $1,%eax\nint $0x80\nret")
