// truth: unsafe: a call behind prefixes that do not change it
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\n.byte 0x2e,0x48\ncall bad\nadd $8,%rsp\nret")
