// truth: unsafe: waits for a word of the program through a pointer in rbp
#include "corpus.h"
ASM_HANDLER("push %rbp\nlea flag(%rip),%rbp\n1: pause\nmov (%rbp),%eax\ntest %eax,%eax\nje 1b\npop %rbp\nret")
