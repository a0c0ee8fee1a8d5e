// truth: unsafe: system blocks signals, forks and takes a lock
#include "corpus.h"
static void handler(int s) { (void)s; (void)!system("date"); }
MAIN(handler)
