// truth: unsafe: the called address is one of two by a conditional move
#include "corpus.h"
ASM_HANDLER("lea fine(%rip),%rax\nlea bad(%rip),%rdx\ntest $2,%edi\ncmovne %rdx,%rax\nsub $8,%rsp\ncall *%rax\nadd $8,%rsp\nret")
