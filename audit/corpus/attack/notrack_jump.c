// truth: unsafe: a jump with a notrack prefix through a register that holds an unsafe function
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nnotrack jmp *%rax")
