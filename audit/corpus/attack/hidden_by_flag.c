// truth: unsafe: the call is behind a condition that a wrong reading takes for never true (a test of one's own flag after lock or)
#include "corpus.h"
ASM_HANDLER("lock orl $0,(%rsp)\njs 1f\njo 1f\nlock orl $1,flag(%rip)\njne 1f\nret\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
