// truth: unsafe: the byte that a loop looks at is set in the first round alone, so that it never ends
#include "corpus.h"
ASM_HANDLER("xor %ecx,%ecx\nxor %edx,%edx\n1: inc %ecx\nmovl %ecx,flag(%rip)\ntest %edx,%edx\njne 2f\nmov $1,%edx\ncmp $1,%ecx\nsete %al\n2: test $1,%al\njne 1b\nret")
