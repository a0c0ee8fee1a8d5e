// expect: pass
// The program has qsort sort the records with the signal blocked.
#include "corpus.h"
static struct { long key, hits; } table[64];
static int compare(const void *a, const void *b) { long x = *(const long *)a, y = *(const long *)b; return (x > y) - (x < y); }
static void handler(int s) { table[s & 63].hits++; }
int main(void) { sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1); INSTALL(SIGUSR1, handler); for (;;) { pause(); sigprocmask(SIG_BLOCK, &set, &old); for (int i = 0; i < 64; i++) table[i].key = random(); qsort(table, 64, sizeof table[0], compare); sigprocmask(SIG_SETMASK, &old, 0); } }
