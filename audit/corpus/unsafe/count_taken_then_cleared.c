// truth: unsafe: the program takes the count and then sets it to 0, in two instructions: a signal between is lost
#include "corpus.h"
static volatile unsigned long count;
static void handler(int s) { (void)s; count++; }
int main(void) { unsigned long all = 0; INSTALL(SIGUSR1, handler); for (;;) { pause(); unsigned long n = count; count = 0; all += n; printf("%lu\n", all); } }
