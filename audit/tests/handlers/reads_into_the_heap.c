// expect: undecided
// The handler reads 4096 bytes into a block of 64 of the heap.
#include "corpus.h"
static char *buffer;
static void handler(int s) { int keep = errno; (void)s; read(0, buffer, 4096); errno = keep; }
int main(void) { buffer = malloc(64); INSTALL(SIGUSR1, handler); for (;;) { pause(); puts(buffer); } }
