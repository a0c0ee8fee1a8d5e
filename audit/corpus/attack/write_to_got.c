// truth: unsafe: a store into the table of imported functions changes what later calls run
#include "corpus.h"
ASM_HANDLER("lea bad(%rip),%rax\nlea _GLOBAL_OFFSET_TABLE_(%rip),%rcx\nmov %rax,24(%rcx)\nlea getpid@GOTPCREL(%rip),%rcx\nmov %rax,(%rcx)\nsub $8,%rsp\ncall getpid@PLT\ncall *getpid@GOTPCREL(%rip)\nadd $8,%rsp\nret")
