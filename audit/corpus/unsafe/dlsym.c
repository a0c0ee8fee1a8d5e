// truth: unsafe: dlsym takes the loader's lock and may allocate
#include "corpus.h"
#include <dlfcn.h>
void *volatile found;
static void handler(int s) { (void)s; found = dlsym(RTLD_DEFAULT, "main"); }
MAIN(handler)
