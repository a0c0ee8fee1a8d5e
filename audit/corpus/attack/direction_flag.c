// truth: unsafe: the direction flag is set while strlen is called, against the calling convention
#include "corpus.h"
ASM_HANDLER("std\nsub $8,%rsp\nmov $2,%edi\nlea 1f(%rip),%rsi\nmov $1,%edx\ncall strlen@PLT\nadd $8,%rsp\ncld\nret\n1: .asciz \"x\"")
