// truth: unsafe: two constant texts, each of which fits, are appended to each other in eight bytes
// flags: -fno-stack-protector -U_FORTIFY_SOURCE -fno-builtin
#include "corpus.h"
static void handler(int s) { char t[8]; strcpy(t, "1234567"); strcat(t, "12345678901234567890123456789012345678901234567890"); if (t[0] == s) _exit(1); }
MAIN(handler)
