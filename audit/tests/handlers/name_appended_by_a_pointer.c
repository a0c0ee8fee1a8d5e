// expect: undecided
// The program copies, through a moving pointer, the path that the handler opens.
#include "corpus.h"
static char path[128] = "/tmp/log";
static void handler(int s) { (void)s; int e = errno; int fd = open(path, O_WRONLY | O_APPEND); if (fd >= 0) close(fd); errno = e; }
int main(int c, char **v) { INSTALL(SIGUSR1, handler); for (int k = 0;; k++) { pause(); char *p = path; for (const char *q = v[k % c]; *q && p < path + 127; ) *p++ = *q++; *p = 0; } }
