// truth: unsafe: getpwuid loads modules and allocates
#include "corpus.h"
#include <pwd.h>
_Atomic unsigned group;
static void handler(int s) { (void)s; struct passwd *p = getpwuid(0); if (p) group = p->pw_gid; }
MAIN(handler)
