// truth: unsafe: bytes that are no instruction in 64-bit mode
#include "corpus.h"
ASM_HANDLER("test $64,%edi\nje 1f\n.byte 0x06\n1: ret")
