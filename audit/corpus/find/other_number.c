// truth: find: harmless for the signal that the one call names, and installed for another number from a variable by the other call
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { if (s == SIGTERM) printf("bye\n"); flag = s; }
int main(int argc, char **argv) { INSTALL(SIGUSR1, handler); if (argc > 1) INSTALL(atoi(argv[1]), handler); for (;;) pause(); }
