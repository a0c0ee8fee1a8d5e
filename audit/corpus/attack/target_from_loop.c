// truth: unsafe: the called address changes in the second round of a loop
#include "corpus.h"
ASM_HANDLER("push %rbx\npush %rbp\nsub $8,%rsp\nlea fine(%rip),%rbx\nmov $2,%ebp\n1: call *%rbx\nlea bad(%rip),%rbx\ndec %ebp\njne 1b\nadd $8,%rsp\npop %rbp\npop %rbx\nret")
