// truth: unsafe: rt_sigreturn with a frame of one's own
#include "corpus.h"
ASM_HANDLER("lea frame(%rip),%rsp\nmov $15,%eax\nsyscall\nret\n.pushsection .data\n.balign 64\nframe: .zero 1024\n.popsection")
