// truth: unsafe: the address of the function is put into the code when the program is loaded
// flags: -fPIE -pie -Wl,-z,notext
// only: gcc-O2 gcc-O0
#include "corpus.h"
ASM_HANDLER("movabs $bad,%rax\nsub $8,%rsp\ncall *%rax\nadd $8,%rsp\nret")
