// truth: unsafe: a store into the table of imported functions changes what later calls run
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nmov getpid@GOTPCREL(%rip),%rdx\nlea _GLOBAL_OFFSET_TABLE_(%rip),%rcx\nmov %rax,24(%rcx)\nsub $8,%rsp\ncall getpid@PLT\nadd $8,%rsp\nret")
