// truth: unsafe: a call with a bnd prefix
// only: gcc
#include "corpus.h"
ASM_HANDLER("sub $8,%rsp\nbnd call bad\nadd $8,%rsp\nret")
