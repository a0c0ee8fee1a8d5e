// truth: unsafe: a local that begins as zero is filled by read
#include "corpus.h"
static void handler(int s) { int saved = errno; int choice = 0; if (read(s, &choice, sizeof choice) > 0 && choice) printf("%d\n", choice); errno = saved; }
MAIN(handler)
