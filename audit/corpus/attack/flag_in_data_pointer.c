// truth: unsafe: a static variable that only a getopt-like table can change decides
#include "corpus.h"
static int verbose = 0;
static struct option_entry { const char *name; int *place; } const options[] = {{"verbose", &verbose}};
volatile sig_atomic_t n;
static void handler(int s) { if (verbose) printf("%d\n", s); n = s; }
int main(int argc, char **argv) { for (int i = 1; i < argc; i++) if (!strcmp(argv[i], options[0].name)) *options[0].place = 1; INSTALL(SIGUSR1, handler); for (;;) pause(); }
