// truth: unsafe: the table of functions has no entry for the last number, which one signal has
#include "corpus.h"
static volatile sig_atomic_t n; static void one(int s) { n = s; }
static void (*const ops[4])(int) = { one, one, one };
static void handler(int sig) { ops[sig & 3](sig); }
MAIN(handler)
