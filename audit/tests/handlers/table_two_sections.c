// expect: undecided
/* The status is read in one critical section and its PID in the next, so they may be of two children. */
#define BETWEEN \
	sigprocmask(SIG_SETMASK, &old, NULL); \
	sigprocmask(SIG_BLOCK, &set, &old);
#include "table_blocked.c"
