// truth: unsafe: execve returns when it fails, and what stands behind it prints
#include "corpus.h"
static void handler(int s) { char *a[] = {(char *)"none", 0}; (void)s; execve("/nonexistent", a, a); perror("execve"); _exit(1); }
MAIN(handler)
