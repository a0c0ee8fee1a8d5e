// truth: unsafe: stosb stores through rdi, which is the signal's number
#include "corpus.h"
ASM_HANDLER("movslq %edi,%rdi\nstosb\nret")
