// truth: unsafe: the handler prints a text that the program builds by snprintf in place, without blocking the signal
#include "corpus.h"
static char status[128];
static void handler(int s) { (void)s; int e = errno; write(2, status, strlen(status)); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); for (int i = 0;; i++) { snprintf(status, sizeof status, "%d of %d requests\n", i, i + 1); usleep(10); } }
