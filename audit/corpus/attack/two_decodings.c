// truth: unsafe: the same bytes are run from two starts, and only the second one calls
#include "corpus.h"
/* From handler: test edi,edi; je into the constant. Inside it stands a jump to the call. */
ASM_HANDLER("test %edi,%edi\njne 1f+1\n1: .byte 0xb8\njmp 2f\n.byte 0x90,0x90\nret\n.byte 0x90,0x90,0x90\n2: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret")
