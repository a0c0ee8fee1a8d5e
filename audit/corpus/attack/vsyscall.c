// truth: unsafe: a call of a fixed address outside the file
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\nmov $0xffffffffff600400,%rax\nxor %edi,%edi\ncall *%rax\nadd $8,%rsp\nret")
