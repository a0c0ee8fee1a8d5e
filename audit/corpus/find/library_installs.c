// truth: find: a library's function installs what it is given; the program itself calls no signal function
// with: own_lib.c
#include "corpus.h"
static void bad(int s) { printf("%d\n", s); }
void own_install(int s, void (*f)(int));
int main(void) { own_install(SIGTERM, bad); for (;;) pause(); }
