// truth: find: the structure is on the heap
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
int main(void) { struct sigaction *sa = calloc(1, sizeof *sa); signal(SIGINT, good); sa->sa_handler = bad; sigaction(SIGTERM, sa, 0); free(sa); for (;;) pause(); }
