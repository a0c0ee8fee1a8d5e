// truth: find: an object file that installs a good handler and one that is defined elsewhere
// kind: object
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
extern void elsewhere(int s);
int start(void) { INSTALL(SIGINT, good); INSTALL(SIGTERM, elsewhere); return 0; }
