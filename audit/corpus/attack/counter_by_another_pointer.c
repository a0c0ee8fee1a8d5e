// truth: unsafe: the counter of a loop is put back through a pointer to a word beside it, as long as a flag says so
#include "corpus.h"
ASM_HANDLER("sub $24,%rsp\nlea 8(%rsp),%rdx\nmovl $0,4(%rsp)\n1: addl $1,4(%rsp)\ncmpl $0,flag(%rip)\njne 2f\nmovl $0,-4(%rdx)\n2: cmpl $10,4(%rsp)\njl 1b\nadd $24,%rsp\nret")
