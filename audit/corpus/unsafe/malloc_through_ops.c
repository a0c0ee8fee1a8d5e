// truth: unsafe: a writable table of callbacks, one of which allocates; what is in it when the signal comes is not in the file
#include "corpus.h"
void *volatile kept;
static void nothing(int s) { (void)s; }
static void take(int s) { kept = malloc((size_t)s); }
void (*callback)(int) = nothing;
static void handler(int s) { callback(s); }
int main(int argc, char **argv) { (void)argv; if (argc > 1) callback = take; INSTALL(SIGUSR1, handler); for (;;) pause(); }
