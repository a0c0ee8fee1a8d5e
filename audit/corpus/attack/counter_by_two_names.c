// truth: unsafe: the counter of a loop has two names, by rbp and by rsp; the second puts it back as long as a flag says so
#include "corpus.h"
ASM_HANDLER("push %rbp\nmov %rsp,%rbp\nsub $16,%rsp\nmovl $0,-4(%rbp)\n1: addl $1,-4(%rbp)\ncmpl $0,flag(%rip)\njne 2f\nmovl $0,12(%rsp)\n2: cmpl $10,-4(%rbp)\njl 1b\nleave\nret")
