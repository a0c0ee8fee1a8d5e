// truth: unsafe: cpuid changes eax, ebx, ecx and edx, which decide the branch
#include "corpus.h"
ASM_HANDLER("push %rbx\nxor %eax,%eax\nxor %ecx,%ecx\nxor %edx,%edx\ncpuid\ntest %edx,%edx\njne 1f\npop %rbx\nret\n1: call bad\npop %rbx\nret")
