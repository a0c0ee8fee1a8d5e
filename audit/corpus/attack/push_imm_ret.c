// truth: unsafe: a sequence of pushes makes a second return address
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nlea 1f(%rip),%rcx\npush %rcx\npush %rax\nret\n1: ret")
