// truth: unsafe: a loop with a bound whose counter is put back inside
#include "corpus.h"
ASM_HANDLER("mov $8,%ecx\n1: movl $1,flag(%rip)\ncmp $3,%ecx\njne 2f\nmov $8,%ecx\n2: dec %ecx\njne 1b\nret")
