// truth: unsafe: a store into the thread's control block, over the pointer that the stack protector compares with
#include "corpus.h"
ASM_HANDLER("movq $0,%fs:0x28\nret")
