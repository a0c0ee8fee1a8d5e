// truth: unsafe: the logger that prints is in a library that the program is linked with
// with: own_lib.c
#include "corpus.h"
void own_log(int s);
static void handler(int s) { own_log(s); }
MAIN(handler)
