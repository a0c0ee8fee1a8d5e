// expect: undecided
// The program asks whether there is a job and then loads it again; the handler clears it between.
#include "corpus.h"
struct job { const char *name; int number; };
static struct job one = { "one", 1 };
static struct job *volatile job;
static void handler(int s) { (void)s; job = 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { job = &one; sleep(1); if (job) puts(job->name); } }
