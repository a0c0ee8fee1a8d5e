// truth: safe: getpid, getppid and getuid have no error and leave errno alone
#include "corpus.h"
_Atomic int who, parent, user;
static void handler(int s) { (void)s; who = getpid(); parent = getppid(); user = (int)getuid(); }
MAIN(handler)
