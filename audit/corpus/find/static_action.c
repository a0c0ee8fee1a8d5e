// truth: find: a static struct sigaction with its handler in it
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct sigaction term = {.sa_handler = bad, .sa_flags = SA_RESTART};
int main(void) { signal(SIGINT, good); sigaction(SIGTERM, &term, 0); for (;;) pause(); }
