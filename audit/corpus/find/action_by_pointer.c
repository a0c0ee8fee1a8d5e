// truth: find: another function fills the structure through a pointer
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void fill(struct sigaction *sa, int loud) { memset(sa, 0, sizeof *sa); sa->sa_handler = loud ? bad : good; }
int main(int argc, char **argv) { struct sigaction sa; (void)argv; fill(&sa, argc); sigaction(SIGTERM, &sa, 0); for (;;) pause(); }
