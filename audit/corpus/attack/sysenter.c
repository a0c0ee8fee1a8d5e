// truth: unsafe: sysenter
#include "corpus.h"
ASM_HANDLER("mov $1,%eax\nsysenter\nret")
