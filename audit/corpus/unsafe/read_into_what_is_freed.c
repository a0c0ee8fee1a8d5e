// truth: unsafe: the program frees the block into which the handler reads
#include "corpus.h"
static char *buffer; static size_t size = 64;
static void handler(int s) { int keep = errno; (void)s; read(0, buffer, 64); errno = keep; }
int main(void) { buffer = malloc(64); INSTALL(SIGUSR1, handler); for (;;) { pause(); puts(buffer); free(buffer); buffer = malloc(size *= 2); } }
