// truth: unsafe: a register's constant is changed by a store into its second byte before it decides a branch
#include "corpus.h"
ASM_HANDLER("mov $0,%eax\nmov %edi,%ecx\nmov %cl,%ah\ntest %eax,%eax\njne 1f\nret\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
