// truth: safe: main counts an option up before it installs the handler, which switches it
#include "corpus.h"
static volatile sig_atomic_t verbose;
static void handler(int sig) { verbose = !verbose; }
int main(int argc, char **argv) { int c; while ((c = getopt(argc, argv, "v")) != -1) if (c == 'v') verbose++; INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%d\n", (int)verbose); } }
