// truth: unsafe: a ticket lock: fetch_add and a wait for the own number
#include "corpus.h"
static _Atomic unsigned ticket, serving;
volatile sig_atomic_t n;
static void handler(int s) { unsigned mine = ticket++; while (serving != mine) ; n = s; serving++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { unsigned mine = ticket++; while (serving != mine) ; n = 0; serving++; } }
