// truth: unsafe: rep movsb with a count from memory, into a buffer that may be shorter
#include "corpus.h"
ASM_HANDLER("lea target(%rip),%rdi\nlea source(%rip),%rsi\nmov count(%rip),%ecx\nrep movsb\nret\n.pushsection .data\ncount: .long 4096\nsource: .zero 16\ntarget: .zero 16\n.popsection")
