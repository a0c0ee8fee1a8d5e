// truth: unsafe: calls a function that a constructor has looked up by dlsym: it prints
// flags: -rdynamic
#include "corpus.h"
#include <dlfcn.h>
void plugin_report(int n);
__attribute__((visibility("default"))) void plugin_report(int n) { printf("plugin %d\n", n); }
static void (*report)(int);
__attribute__((constructor)) static void load(void) { report = (void (*)(int))dlsym(RTLD_DEFAULT, "plugin_report"); }
static void handler(int s) { if (report) report(s); }
MAIN(handler)
