// truth: unsafe: -finstrument-functions calls a hook of the program's own, which prints
// flags: -finstrument-functions
#include "corpus.h"
#define SILENT __attribute__((no_instrument_function))
SILENT void __cyg_profile_func_enter(void *f, void *c) { fprintf(stderr, "enter %p from %p\n", f, c); }
SILENT void __cyg_profile_func_exit(void *f, void *c) { (void)f; (void)c; }
volatile sig_atomic_t flag;
static void handler(int s) { flag = s; }
MAIN(handler)
